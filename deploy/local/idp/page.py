"""The page that asks who to be: plain HTML, works without scripts, says loudly what it is."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import FileResponse, HTMLResponse, Response

from chassis.web.i18n import LANGUAGES, add_catalog, current_language, gettext, ngettext
from deploy.local.idp.personas import Cast

HERE = Path(__file__).parent


class Chooser:
    """Renders the personas of a cast."""

    def __init__(self, people: Cast) -> None:
        self._people = people
        add_catalog(HERE / "locale")
        environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            extensions=["jinja2.ext.i18n"],
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
        environment.globals["gettext_of"] = gettext
        self._template = environment.get_template("choose.html")

    def page(self, question: dict[str, str], words: str, *, unknown: bool = False, status: int = 200) -> Response:
        """`question` is carried along in hidden fields and checked anew when it comes back."""
        html = self._template.render(
            language=current_language(),
            languages=LANGUAGES,
            question=question,
            words=words,
            unknown=unknown,
            groups=self._people.grouped(words),
            password=self._people.password,
            city=self._people.city,
        )
        return HTMLResponse(html, status, {"cache-control": "no-store"})

    async def style(self) -> Response:
        return FileResponse(HERE / "templates" / "style.css", media_type="text/css")
