import type { RegistrationService } from './service.ts';

/**
 * A button pressed twice is pressed once: while the work for a form is under way, the same form of the same
 * registration joins it and gets its answer. So a double press costs neither a second try nor a second question to the
 * registry. Between processes the locks of the drafts do the rest.
 */
export function joinDoublePresses(service: RegistrationService): RegistrationService {
  const underWay = new Map<string, Promise<unknown>>();

  // The key holds what was typed, as the request does, and goes when the request goes.
  async function join<T>(parts: readonly string[], work: () => Promise<T>): Promise<T> {
    const key = JSON.stringify(parts);
    const first = underWay.get(key) as Promise<T> | undefined;
    if (first !== undefined) return first;
    const own = work().finally(() => underWay.delete(key));
    underWay.set(key, own);
    return own;
  }

  return {
    ...service,
    proveIdentity: (context, claim) => join(['identity', context.uid, claim.nik.reveal(), claim.name.reveal(), claim.motherName.reveal()], () => service.proveIdentity(context, claim)),
    giveContact: (context, contact, password) => join(['contact', context.uid, contact.email.reveal(), contact.phone.reveal(), password], () => service.giveContact(context, contact, password)),
    confirmCode: (context, code) => join(['code', context.uid, code], () => service.confirmCode(context, code)),
    sendAgain: (context) => join(['again', context.uid], () => service.sendAgain(context)),
    changeNumber: (context, phone) => join(['number', context.uid, phone.reveal()], () => service.changeNumber(context, phone)),
  };
}
