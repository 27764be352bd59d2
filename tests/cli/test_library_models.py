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


def test_a_plane_without_a_solution_says_why(command):
    held = ["-p", "M_m=1", "-p", "Sigma_m=0"]
    code, _, err = command("diagram", "rank1-chaotic", "--x", "g=0.2:0.9:2", "--y", "M_n=0:0.5:2", *held)
    assert code == 3 and "no solution at any of the grid points, such as g = " in err and err.count("\n") == 1


def test_a_model_given_twice_is_refused(command):
    code, out, err = command("diagram", "scs", "scs", "--x", "g=0:3:2", "--y", "sigma_squared=0:1:2")
    assert code == 2 and not out and "scs is given twice" in err


def test_quantities_of_a_phase_that_is_gone_over_to(command, tmp_path):
    words = ["continue", "rank1-stationary", "--along", "g=1.7:2.2", "-p", "M_m=1.1", "-p", "M_n=2", "-p", "Sigma_m=1"]
    shown = ["--quantity", "kappa,Delta_inf", "--plot", tmp_path / "f.svg"]
    code, out, err = command(*words, *shown)
    assert code == 2 and "Delta_inf" in err and not out
    code, *_ = command(*words, *shown, "--switch")
    assert code == 0 and (tmp_path / "f.svg").stat().st_size > 1000
