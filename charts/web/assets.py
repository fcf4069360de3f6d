"""Style and script of the page: in the page itself, named in its security policy by their hashes."""

import base64
import hashlib
from typing import Final

STYLE: Final = """
:root{--ink:#1f2a33;--quiet:#5c6b77;--line:#e3e8ec;--blue:#0072B2;--bg:#f5f7f9}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,"DejaVu Sans",sans-serif}
header,main{max-width:78rem;margin:0 auto;padding:0 1.25rem}
header{display:flex;flex-wrap:wrap;align-items:baseline;gap:.4rem 1.2rem;padding-top:1.4rem}
h1{font-size:1.5rem;margin:0}
h2{font-size:1.05rem;margin:0 0 .6rem}
div+h2{margin-top:1.2rem}
a{color:var(--blue)}
.quiet{color:var(--quiet)}
.dot{display:inline-block;width:.6em;height:.6em;border-radius:50%;background:#009E73;margin-right:.4em}
.dot.away{background:#D55E00}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.9rem;margin:1.2rem 0}
.card,section{background:#fff;border:1px solid var(--line);border-radius:10px;padding:.9rem 1.1rem}
.card b{display:block;font-size:1.3rem;overflow-wrap:anywhere;line-height:1.25;font-variant-numeric:tabular-nums}
.card span{color:var(--quiet);font-size:.85rem}
.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(34rem,100%),1fr));gap:.9rem;margin-bottom:.9rem;align-items:start}
section{overflow:hidden;min-width:0}
.scroll{overflow:auto;max-height:27rem}
#scores,#drifts{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:right;padding:.28rem .45rem;border-bottom:1px solid var(--line);white-space:nowrap}
th{color:var(--quiet);font-weight:600;font-size:.82rem;white-space:normal;vertical-align:bottom;background:#fff;position:sticky;top:0}
th:first-child,td:first-child{text-align:left;white-space:normal;overflow-wrap:anywhere;min-width:8rem}
td.words{text-align:left;white-space:normal;overflow-wrap:anywhere}
img{display:block;width:100%;height:auto}
.bar{display:inline-block;height:.7em;background:var(--blue);border-radius:2px;margin-right:.4em;vertical-align:baseline}
.better{color:#00714f;font-weight:600}
.worse{color:#b04a00;font-weight:600}
form{display:inline}
select,button{font:inherit;padding:.2rem .5rem;border:1px solid #c4ccd3;border-radius:6px;background:#fff;max-width:16rem}
pre{background:#f5f7f9;padding:.8rem;overflow:auto;border-radius:6px;font-size:.85rem}
code{font-size:.9em}
footer{padding:0 0 2rem}
"""

SCRIPT: Final = """
"use strict";
const dot = document.querySelector(".dot");
async function refresh() {
  try {
    const answer = await fetch(location.href, {cache: "no-store"});
    if (!answer.ok) throw new Error(answer.status);
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const old of document.querySelectorAll("[data-live]")) {
      const fresh = next.getElementById(old.id);
      if (fresh && fresh.innerHTML !== old.innerHTML) old.replaceChildren(...fresh.childNodes);
    }
    for (const picture of document.querySelectorAll("img[id]")) {
      const fresh = next.getElementById(picture.id);
      if (fresh && fresh.getAttribute("src") !== picture.getAttribute("src")) {
        const loading = new Image();
        loading.onload = () => { picture.src = loading.src; };
        loading.src = fresh.getAttribute("src");
      }
    }
    dot.classList.remove("away");
  } catch (error) {
    dot.classList.add("away");
  }
  setTimeout(refresh, document.hidden ? 15000 : 3000);
}
const chooser = document.querySelector("select");
if (chooser) chooser.addEventListener("change", () => chooser.form.submit());
setTimeout(refresh, 3000);
"""


def _hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


POLICY: Final = (
    f"default-src 'none'; img-src 'self'; connect-src 'self'; style-src {_hashed(STYLE)}; script-src {_hashed(SCRIPT)}; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PICTURE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
"""Of an SVG opened by itself: its inline style counts, no script runs."""
