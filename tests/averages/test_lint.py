"""SymPy's own traversals are blind to binders; on bodies they capture variables or hoist them. Nobody may use them there."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2] / "meanfield"
ROOMS = ("averages", "compile")
FORBIDDEN = {"xreplace", "subs", "atoms", "cse", "lambdify"}

# (file, function): why no body of an average can be among its arguments.
ALLOWED = {
    ("averages/scope.py", "go"): "a random variable that is to refuse",
    ("averages/variables.py", "xreplace"): "the refusal itself",
    ("compile/source.py", "*"): "the scalar program: averages are symbols there",
    ("compile/generators.py", "*"): "polynomials in generators: transfer functions are written out, no averages",
    ("compile/rounding.py", "*"): "the scalar program: averages are symbols there",
    ("compile/kinks.py", "*"): "densities at a kink: plain functions of one symbol",
}


def forbidden_calls(path: Path) -> Iterator[tuple[str, int, str]]:
    """Function, line and name of every forbidden call in a file."""

    def visit(node: ast.AST, function: str) -> Iterator[tuple[str, int, str]]:
        if isinstance(node, ast.FunctionDef):
            function = node.name
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
            if name in FORBIDDEN:
                yield function, node.lineno, name
        for child in ast.iter_child_nodes(node):
            yield from visit(child, function)

    yield from visit(ast.parse(path.read_text()), "")


def test_bodies_are_walked_by_the_scope_module_alone() -> None:
    offences = []
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            file = path.relative_to(ROOT).as_posix()
            for function, line, name in forbidden_calls(path):
                if (file, function) not in ALLOWED and (file, "*") not in ALLOWED:
                    offences.append(f"meanfield/{file}:{line}: {name}() in {function}; use meanfield.averages.scope")
    assert not offences, "\n".join(offences)


def test_the_scan_sees_what_it_must(tmp_path: Path) -> None:
    source = tmp_path / "sample.py"
    source.write_text("def f(e):\n    return sp.cse(e.xreplace({}).subs(a, b)), e.atoms(), lambdify(x, e)\n")
    assert sorted(name for _, _, name in forbidden_calls(source)) == sorted(FORBIDDEN)
