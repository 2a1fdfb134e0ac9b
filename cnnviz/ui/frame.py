"""What surrounds every page: navigation, the sidebar, the title, and “Next”."""

from __future__ import annotations

import logging
from typing import NoReturn

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from cnnviz.compute import get_engine
from cnnviz.errors import CnnvizError
from cnnviz.ui import answer_later, epochs, lesson, request_ids, sentences, sidebar
from cnnviz.ui.language import _, one_language
from cnnviz.ui.owner import teacher_possible
from cnnviz.ui.style import apply_style

log = logging.getLogger(__name__)
_FRAMED = "_framed"
_SHOWN = "_page-shown"  # in this session's state: the key of the page that is being drawn


def use_navigation() -> None:
    """Keep Streamlit from reading ``pages/`` by itself.

    It stops doing so once the app has called ``st.navigation``; but the very first visitor of a
    server, who came by a link to a page, would get that page without its frame.
    """
    PagesManager.uses_pages_directory = False


@one_language()
def run() -> None:
    """Draw the frame and the current page; errors become sentences, never tracebacks."""
    st.session_state[_FRAMED] = True
    number = request_ids.of_this_run()
    get_engine()  # workers start warming up with the first visitor's first page
    apply_style()
    groups: dict[str, list] = {}
    beside = [lesson.YOUR_THINGS, *([lesson.TEACHER] if teacher_possible() else [])]
    for page in [*lesson.PAGES, *beside]:
        groups.setdefault(_(page.group), []).append(
            st.Page(
                page.file,
                title=_(page.name),
                help=_(page.help),
                url_path=page.key,
                default=page.key == "home",
            )
        )
    current = st.navigation(groups, position="top")
    try:
        sidebar.draw()
        current.run()
    except CnnvizError as error:
        show_error(error)
    except Exception:
        # Streamlit's own control flow (stop, rerun) is not an Exception in this sense: it derives
        # from ScriptControlException, a BaseException.
        log.exception("page failed")
        st.error(
            _(
                "Something went wrong on this page. If you tell your teacher the number {number}, "
                "the details can be found in the server's log."
            ).format(number=number)
        )
    finally:
        st.session_state.pop(_FRAMED, None)


def show_error(error: CnnvizError) -> None:
    """The error's sentence in the reader's language."""
    sentences.show(error)


def head(key: str, how_to_read: str) -> None:
    """The page's question as its title, one sentence on how to read its picture, which moment."""
    if _FRAMED not in st.session_state:  # started with plain `streamlit run app.py`
        use_navigation()
        st.rerun()
    if st.session_state.get(_SHOWN, key) != key:
        answer_later.leave()
    st.session_state[_SHOWN] = key
    st.title(_(lesson.page(key).question), anchor=False)
    st.markdown(how_to_read)
    epochs.note(key)


def end_here() -> NoReturn:
    """End the page that is being drawn, for want of something that a person has to say first."""
    foot(st.session_state[_SHOWN])
    st.stop()


def foot(key: str) -> None:
    """The way on: the next page of the lesson with the question it answers."""
    following = lesson.after(key) or lesson.PAGES[0]
    with st.container(key="next", horizontal=True, horizontal_alignment="right"):
        st.page_link(
            following.file,
            label=_("Next: {question}").format(question=_(following.question)),
            icon=":material/arrow_forward:",
            icon_position="right",
        )
