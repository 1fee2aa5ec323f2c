"""A real mail server (aiosmtpd) for one test: writes what it takes to a file, one line of JSON each.

Arguments: the file, the port (0: any), none|starttls|tls, a certificate with its key or "", a password or "".
The mailbox "nobody" does not exist; "later" is not to be had at the moment.
"""

import asyncio
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

FILE, PORT, SECURITY, CERTIFICATE, PASSWORD = sys.argv[1:6]


class Keeper:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("later@"):
            return "451 4.7.1 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        line = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": session.ssl is not None or SECURITY == "tls",
            "text": envelope.content.decode("utf-8"),
        }
        with open(FILE, "a", encoding="utf-8") as kept:
            kept.write(json.dumps(line) + "\n")
        return "250 taken"


def check(server, session, envelope, mechanism, data):
    known = isinstance(data, LoginPassword) and data.login == b"portal" and data.password == PASSWORD.encode()
    # Not handled: the server itself answers a refusal.
    return AuthResult(success=known, handled=known)


async def main():
    context = None
    if CERTIFICATE:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(CERTIFICATE)
    more = {}
    if PASSWORD:
        more.update(authenticator=check, auth_required=True, auth_require_tls=False)
    if SECURITY == "starttls":
        more.update(tls_context=context, require_starttls=True)
    served = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Keeper(), hostname="mail.example.org", **more),
        "127.0.0.1",
        int(PORT),
        ssl=context if SECURITY == "tls" else None,
    )
    print(served.sockets[0].getsockname()[1], flush=True)
    await served.serve_forever()


asyncio.run(main())
