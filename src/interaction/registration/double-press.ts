import { createJoin } from '../../domain/double-press.ts';
import type { RegistrationService } from './service.ts';

/** A double press costs neither a second try nor a second question to the registry. */
export function joinDoublePresses(service: RegistrationService): RegistrationService {
  const join = createJoin();
  return {
    ...service,
    proveIdentity: (context, draft, claim) =>
      join(['identity', context.uid, claim.nik.reveal(), claim.name.reveal(), claim.motherName.reveal()], () =>
        service.proveIdentity(context, draft, claim),
      ),
    giveContact: (context, draft, contact, password) =>
      join(['contact', context.uid, contact.email.reveal(), contact.phone.reveal(), password], () =>
        service.giveContact(context, draft, contact, password),
      ),
    confirmCode: (context, draft, code) =>
      join(['code', context.uid, code], () => service.confirmCode(context, draft, code)),
    sendAgain: (context, draft) => join(['again', context.uid], () => service.sendAgain(context, draft)),
    changeNumber: (context, draft, phone) =>
      join(['number', context.uid, phone.reveal()], () => service.changeNumber(context, draft, phone)),
  };
}
