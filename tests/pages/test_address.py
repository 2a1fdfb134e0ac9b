"""What was chosen lives in the address, in identifiers, and survives."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def script():
    import streamlit as st

    from cnnviz.ui import address

    fruit = address.widget(
        st.selectbox, "Fruit", ["apple", "pear"], "fruit", "apple", format_func=str.upper
    )
    st.text(fruit)
    st.text(str(address.number("count", 5, 1, 9)))


def shown(at: AppTest) -> list[str]:
    assert not at.exception
    return [text.value for text in at.text]


def test_the_default_is_not_in_the_address():
    at = AppTest.from_function(script).run()
    assert shown(at) == ["apple", "5"]
    assert "fruit" not in at.query_params


def test_a_choice_goes_into_the_address_as_an_identifier():
    at = AppTest.from_function(script).run()
    at.selectbox[0].select("pear").run()
    assert shown(at)[0] == "pear"
    assert at.query_params["fruit"] == "pear"
    at.selectbox[0].select("apple").run()
    assert "fruit" not in at.query_params


def test_a_link_is_followed_and_nonsense_is_not():
    at = AppTest.from_function(script)
    at.query_params["fruit"] = "pear"
    at.query_params["count"] = "100"
    assert shown(at.run()) == ["pear", "9"]
    at = AppTest.from_function(script)
    at.query_params["fruit"] = "<script>"
    at.query_params["count"] = "many"
    assert shown(at.run()) == ["apple", "5"]


def test_a_changed_link_wins_over_the_session():
    at = AppTest.from_function(script).run()
    at.selectbox[0].select("pear").run()
    at.query_params["count"] = "7"
    assert shown(at.run()) == ["pear", "7"]
