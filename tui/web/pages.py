"""The two pages of the web form: the login, and the terminal that shows the review."""

from html import escape
from typing import Final

CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Content security policy: nothing is loaded from elsewhere, and no script runs but those of this server."""
STYLE: Final = """html, body { margin: 0; height: 100%; background: #121212; color: #e0e0e0; font: 16px sans-serif; }
form { max-width: 24em; margin: auto; padding: 10vh 1em 1em; }
form h1 { background: none; color: inherit; }
label, input, button { display: block; width: 100%; box-sizing: border-box; margin: .4em 0; font: inherit; }
input, button { padding: .5em; }
.error { color: #ff8a80; }
#terminal { width: 100%; height: 100%; overflow: hidden; }
#ended { display: none; position: absolute; inset: 0; background: #121212; z-index: 10; }
body.-closed #ended { display: block; }
#frozen { display: none; position: absolute; inset: 0 0 auto; padding: .5em 1em; background: #ff8a80; color: #121212;
  z-index: 5; }
body.-frozen:not(.-closed) #frozen { display: block; }
body.-frozen #terminal { opacity: .5; }
body.-gone .answers, body:not(.-gone) .gone { display: none; }
"""
SCRIPT: Final = """"use strict";
const terminal = document.getElementById("terminal");
if (terminal) {
  const page = document.body.classList;
  window.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      let asked = 0;
      this.addEventListener("message", () => terminal.querySelector(".xterm-helper-textarea")?.focus(), {once: true});
      this.addEventListener("message", () => { asked = 0; page.remove("-frozen"); });
      this.addEventListener("close", () => fetch("/login").catch(() => page.add("-gone")));
      setInterval(() => {
        if (asked) page.toggle("-frozen", Date.now() - asked > 5000);
        else if (this.readyState === 1) super.send(JSON.stringify(["ping", String(asked = Date.now())]));
      }, 1000);
    }
    send(data) { if (!page.contains("-frozen") || !data.startsWith('["stdin"')) super.send(data); }
  };
  terminal.dataset.sessionWebsocketUrl = location.origin.replace(/^http/, "ws") + "/ws";
  addEventListener("beforeunload", event => page.contains("-closed") || event.preventDefault());
}
const token = document.getElementById("token");
if (token && location.hash) {
  token.value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
}
"""
"""Says if the server has not answered for 5 seconds, and sends no key until it does: nobody would see what it does.
Tells the terminal its address, asks before the page is left (Ctrl+W deletes a word elsewhere), and takes the token from
the part of a link that browsers do not send.
"""
PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>curate review</title><link rel="stylesheet" href="/review.css">{head}</head>
<body>{body}<script src="/review.js"></script>{scripts}</body></html>
"""


def login_page(error: str = "", reviewer: str = "") -> str:
    """The form for token and name."""
    body = (
        '<form method="post" action="/login"><h1>curate review</h1>'
        + (f'<p class="error" id="error">{escape(error)}</p>' if error else "")
        + '<label for="token">Token, from the terminal of the server</label>'
        '<input id="token" name="token" type="password" autocomplete="off" required>'
        '<label for="reviewer">Your name, which is saved with each decision</label>'
        f'<input id="reviewer" name="reviewer" value="{escape(reviewer)}" maxlength="40" required>'
        "<button>Log in</button></form>"
    )
    return PAGE.format(head="", body=body, scripts="")


def review_page() -> str:
    """The terminal, and what is shown when the review was quit."""
    body = (
        '<div id="ended"><form method="post" action="/logout"><h1>The review has ended</h1>'
        "<p>All decisions that were shown are saved; text in an open dialog is not. An error is shown in the terminal "
        "of the server.</p>"
        '<p class="gone">The server has stopped, or cannot be reached. If it was started again, its terminal shows a '
        "new link.</p>"
        '<p class="answers"><a href="/" style="color: inherit">Open it again</a></p>'
        '<button class="answers">Log out</button></form></div>'
        '<div id="frozen" role="alert">The server does not answer. What is shown may be out of date, and keys have no '
        "effect until it answers again.</div>"
        '<div id="terminal" class="textual-terminal" data-font-size="16"></div>'
    )
    return PAGE.format(
        head='<link rel="stylesheet" href="/static/css/xterm.css">',
        body=body,
        scripts='<script src="/static/js/textual.js"></script>',
    )
