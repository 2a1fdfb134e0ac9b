from cnnviz.ui.labels import distinct


def test_equal_texts_are_numbered_and_others_left_alone():
    names = ["crane", "cat", "crane", "crane", "crane (2)"]
    text = distinct(range(5), lambda i: names[i])
    assert [text(i) for i in range(5)] == [
        "crane",
        "cat",
        "crane (2)",
        "crane (3)",
        "crane (2) (2)",
    ]


def test_what_is_no_option_keeps_its_text():
    assert distinct(["a"], str.upper)("b") == "B"
