"""That a breach of the pages' Content-Security-Policy would be seen, in each engine."""

from __future__ import annotations

from tests.support.engines.recorded_site import BREACH, RecordedSite

STYLE = b"<style>body { color: red }</style></head>"


class TestBreach:
    def test_when_a_page_has_a_style_of_its_own_then_it_is_reported(self, engines, engine, javascript, serve):
        site = RecordedSite()
        site.address = serve(line=lambda app: site.line(with_a_style(app)))
        page = engines(engine, javascript).new_page()
        page.open(site.address)
        breaches = site.breaches(page)
        page.close()

        assert [report["violated-directive"].split()[0] for report in breaches] == ["style-src-elem"]
        assert BREACH not in str(breaches)


def with_a_style(app):
    """The site with a mistake in all its pages."""

    def answer(environ, start_response):
        def start(status, headers, *more):
            return start_response(
                status, [(name, value) for name, value in headers if name != "Content-Length"], *more
            )

        return [b"".join(app(environ, start)).replace(b"</head>", STYLE)]

    return answer
