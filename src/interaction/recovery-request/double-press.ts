import { createJoin } from '../../domain/double-press.ts';
import type { RequestService } from './service.ts';

/** A double press costs neither a second question to the registry, nor a second code or request. */
export function joinDoublePresses(service: RequestService): RequestService {
  const join = createJoin();
  return {
    ...service,
    proveIdentity: (context, draft, claim) =>
      join(['identity', context.uid, claim.nik.reveal(), claim.name.reveal(), claim.motherName.reveal()], () =>
        service.proveIdentity(context, draft, claim),
      ),
    giveNumber: (context, draft, phone) =>
      join(['number', context.uid, phone.reveal()], () => service.giveNumber(context, draft, phone)),
    confirmCode: (context, draft, code) =>
      join(['code', context.uid, code], () => service.confirmCode(context, draft, code)),
    sendAgain: (context, draft) => join(['again', context.uid], () => service.sendAgain(context, draft)),
    changeNumber: (context, draft, phone) =>
      join(['change', context.uid, phone.reveal()], () => service.changeNumber(context, draft, phone)),
    file: (context, draft, password) =>
      join(['password', context.uid, password], () => service.file(context, draft, password)),
  };
}
