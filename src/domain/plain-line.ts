/**
 * One line of text in which everything can be seen: no control characters, no marks that turn the direction or take no
 * room (two names that look the same are two names), no halves of characters, which no database keeps.
 */
export const PLAIN_LINE = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u;
