"""The inbox: what SendGrid was asked to send, for people (`/mail`) and for programs (`/mail.json`)."""

import base64
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from ops.sandbox.pages import HEADERS, render
from ops.sandbox.store import Json
from ops.sandbox.world import World

router = APIRouter()


def _mails(request: Request) -> list[Json]:
    """List mails newest first, only those to `?to=` when it is given."""
    world: World = request.app.state.world
    wanted = request.query_params.get("to")
    return [mail for mail in reversed(world.store.all("mail")) if wanted is None or wanted in mail["to"]]


@router.get("/mail.json")
async def inbox_json(request: Request) -> Response:
    """Give all mails, newest first, bodies and attachments (base64) included."""
    return JSONResponse(_mails(request))


@router.get("/mail")
async def inbox(request: Request) -> Response:
    """Show the inbox; JSON for who accepts only that."""
    accepted = request.headers.get("accept", "")
    if "application/json" in accepted and "text/html" not in accepted:
        return JSONResponse(_mails(request))
    return render(request, "inbox.html", mails=_mails(request))


@router.delete("/mail")
async def empty(request: Request) -> Response:
    """Empty the inbox."""
    request.app.state.world.store.delete("mail")
    return Response(status_code=204)


def _lost(request: Request) -> Response:
    return render(request, "expired.html", 404, title="No such mail", message="It may have been deleted.", cancel_url=None)


@router.get("/mail/{mail_id}")
async def one(request: Request, mail_id: str) -> Response:
    """Show one mail with its bodies and attachments."""
    mail = request.app.state.world.store.get("mail", mail_id)
    return render(request, "mail.html", mail=mail) if mail else _lost(request)


@router.get("/mail/{mail_id}/html")
async def html_body(request: Request, mail_id: str) -> Response:
    """Give the HTML body alone, without script and without our origin; its links open in a new window."""
    mail = request.app.state.world.store.get("mail", mail_id)
    if not mail or not mail["html"]:
        return _lost(request)
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data: https: http:; frame-ancestors 'self'; "
        "sandbox allow-popups allow-popups-to-escape-sandbox"
    )
    return HTMLResponse(f'<base target="_blank">{mail["html"]}', headers=HEADERS | {"Content-Security-Policy": policy})


@router.get("/mail/{mail_id}/attachments/{index}")
async def attachment(request: Request, mail_id: str, index: int) -> Response:
    """Give one attachment to save."""
    mail = request.app.state.world.store.get("mail", mail_id)
    if not mail or not 0 <= index < len(mail["attachments"]):
        return _lost(request)
    file = mail["attachments"][index]
    disposition = f"attachment; filename*=UTF-8''{quote(file['filename'])}"
    return Response(
        base64.b64decode(file["content"]),
        media_type=file["type"],
        headers={"Content-Disposition": disposition, "X-Content-Type-Options": "nosniff"},
    )
