"""Class: what is my class doing? For the teacher."""

import contextlib

import streamlit as st

from cnnviz import belongings, quotas
from cnnviz.errors import NotFound
from cnnviz.figures.disk import MOST, room_bars
from cnnviz.runs.run import Run
from cnnviz.ui import address, frame, run_table, teacher, teacher_cleaning, teacher_people
from cnnviz.ui.ago import ago
from cnnviz.ui.labels import distinct
from cnnviz.ui.language import _, one_language
from cnnviz.ui.owner import is_teacher, teacher_possible
from cnnviz.ui.pictures import chart, is_dark


@st.fragment(run_every=5.0)
@one_language()
def numbers() -> None:
    """Large figures that keep themselves up to date."""
    found = teacher_people.look()
    with st.container(horizontal=True, key="class-numbers"):
        st.metric(_("people here"), f"{found.here} / {len(found.people)}", border=True)
        st.metric(_("trainings learning"), found.total("learning"), border=True)
        st.metric(_("trainings waiting"), found.total("waiting"), border=True)
        st.metric(_("room taken"), quotas.megabytes(found.size), border=True)
        st.metric(_("room free"), quotas.megabytes(found.free), border=True)


def picture(found: teacher_people.Class) -> None:
    """A bar for each person, the largest first."""
    shown = [person for person in found.people if person.size][:MOST]
    if not shown:
        st.info(_("Nobody has kept anything yet."))
        return
    sizes = {
        _(name): [float(person.size_of(kind)) for person in shown]
        for kind, name in belongings.KINDS.items()
    }
    limit = max(quotas.limit_bytes(person.owner) or 0 for person in shown) or None
    figure = room_bars(
        [teacher.name_of(person.owner) for person in shown],
        sizes,
        [quotas.megabytes(person.size) for person in shown],
        limit=limit,
        limit_words=_("{size} for each person").format(size=quotas.megabytes(limit or 0)),
        dark=is_dark(),
    )
    chart(figure, key="class-room", alt=_("The room that each person takes on the disk, by kind"))
    st.caption(
        _(
            "Besides, {answers} of answers are kept, so that the same question is answered once; "
            "they make room for others by themselves."
        ).format(answers=quotas.megabytes(found.answers))
    )


def table(found: teacher_people.Class) -> None:
    """Everybody in numbers."""
    people = found.people
    counted = {_(name): [p.count(kind) for p in people] for kind, name in belongings.KINDS.items()}
    columns = {
        _("who"): [teacher.name_of(person.owner) for person in people],
        _("open tabs"): [person.tabs for person in people],
        _("last seen"): [ago(person.seen) for person in people],
        _("learning"): [person.learning for person in people],
        _("waiting"): [person.waiting for person in people],
        _("MB"): [round(person.size / 1e6, 1) for person in people],
    }
    st.dataframe(columns | counted, hide_index=True, alt=_("Everybody, one a row"))


def still_there(identifiers: list[str]) -> list[Run]:
    """The runs that nobody has deleted in the seconds since the look."""
    found = []
    for identifier in identifiers:
        with contextlib.suppress(NotFound):
            found.append(Run(identifier))
    return found


def one_person(found: teacher_people.Class) -> None:
    """Choose somebody, and what is to happen."""
    people = {person.owner: person for person in found.people}

    def called(owner: str) -> str:
        size = f" · {quotas.megabytes(people[owner].size)}" if owner in people else ""
        return teacher.name_of(owner) + size

    chosen = st.selectbox(
        _("Somebody"),
        list(people),
        index=None,
        key="class-person",
        placeholder=_("choose a person"),
        # Two of one name and size must not be taken for each other: things are deleted here.
        format_func=distinct(list(people), called),
    )
    if chosen in people:
        teacher_cleaning.for_one(people[chosen], found.pending.get(chosen, ()))


frame.head(
    "teacher",
    _(
        "Nobody's name is known here: a person is a colour and a number, which each pupil sees on "
        "the page Runs too. What belongs to the program itself is never touched."
    ),
)
if not teacher_possible():
    st.info(_("No teacher's key is set on this server."))
elif not is_teacher():
    teacher.entry()
else:
    address.choose("whose", "all")
    teacher_cleaning.said()
    everybody = teacher_people.look()
    numbers()
    st.header(_("At work"), anchor=False)
    pending = still_there([run for runs in everybody.pending.values() for run in runs])
    run_table.at_work(run_table.in_order(pending))
    if not pending:
        st.markdown(_("No training is at work, and none waits."))
    teacher_cleaning.for_all(everybody)
    st.header(_("Room on the disk"), anchor=False)
    picture(everybody)
    one_person(everybody)
    with st.expander(_("Everybody in numbers"), icon=":material/table_chart:"):
        table(everybody)
frame.foot("teacher")
