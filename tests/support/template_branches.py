"""Which branches of the templates were rendered: a mark is put into every one of them before Jinja compiles it."""

from contextlib import contextmanager
from unittest import mock

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

_SEEN = "_branch_seen"


@contextmanager
def watched(environment):
    """Yield the set of branches rendered so far by an environment, and a set of all that its templates have.

    A branch is ``(template, line, words)``: a body of an ``if`` or ``for``, and a side of an inline ``if`` that names
    something. The second set grows as templates are compiled.
    """
    seen, known = set(), set()
    parse = environment._parse

    def marked(source, name, filename):
        return _Marks(name, known).visit(parse(source, name, filename))

    def mark(branch, value=None):
        seen.add(branch)
        return value

    environment.cache.clear()
    environment.globals[_SEEN] = mark
    try:
        with mock.patch.object(environment, "_parse", marked):
            yield seen, known
    finally:
        del environment.globals[_SEEN]
        environment.cache.clear()


class _Marks(NodeTransformer):
    """Puts the marks in."""

    def __init__(self, template, known):
        self.template, self.known = template, known

    def visit_If(self, node, *args, **kwargs):
        words = _words(node.test)
        self._mark(node.body, node.lineno, f"if {words}")
        self._mark(node.else_, node.lineno, f"else of if {words}")
        return self.generic_visit(node, *args, **kwargs)

    def visit_For(self, node, *args, **kwargs):
        words = _words(node.iter)
        self._mark(node.body, node.lineno, f"for … in {words}")
        self._mark(node.else_, node.lineno, f"else of for … in {words}")
        return self.generic_visit(node, *args, **kwargs)

    def visit_CondExpr(self, node, *args, **kwargs):
        self.generic_visit(node, *args, **kwargs)
        words = _words(node.test)
        node.expr1 = self._watched(node.expr1, node.lineno, f"… if {words}")
        node.expr2 = node.expr2 and self._watched(node.expr2, node.lineno, f"else … of if {words}")
        return node

    def _mark(self, body, line, words):
        if body:
            call = self._call(line, words)
            body.insert(0, nodes.ExprStmt(call, lineno=line))

    def _watched(self, expression, line, words):
        names = isinstance(expression, nodes.Name) or expression.find(nodes.Name) is not None
        return self._call(line, words, expression) if names else expression

    def _call(self, line, words, *values):
        branch = (self.template, line, words)
        self.known.add(branch)
        name = nodes.Name(_SEEN, "load", lineno=line)
        return nodes.Call(name, [nodes.Const(branch, lineno=line), *values], [], None, None, lineno=line)


def _words(node):
    """A condition in a few words, for whoever reads what was missed."""
    named = [each.name for each in [node, *node.find_all(nodes.Name)] if isinstance(each, nodes.Name)]
    named += [f".{each.attr}" for each in [node, *node.find_all(nodes.Getattr)] if isinstance(each, nodes.Getattr)]
    return " ".join(dict.fromkeys(named))
