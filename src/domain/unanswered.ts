/** What went wrong with a text message that its gateway may have taken: it was given, and not answered in time. */
export const UNANSWERED = 'SMS_UNANSWERED';
