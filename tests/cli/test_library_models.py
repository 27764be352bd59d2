"""The command with the library's own models."""

import json


def test_json_names_the_parameters_that_have_defaults(command):
    code, out, _ = command("solve", "scs", "-p", "g=2", "--json")
    assert code == 0
    assert json.loads(out)["parameters"] == {"g": 2.0, "sigma_squared": 0.0}


def test_digits_have_a_limit(command):
    code, _, err = command("solve", "scs", "-p", "g=2", "--digits", 5000)
    assert code == 2
    assert "at most 300" in err
