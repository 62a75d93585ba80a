"""What makes the chapters' stored outputs a proof: nbval compares them all, and there is enough to compare."""

import lint
import nbformat
import notebooks
import pytest

FLOOR = 10  # text outputs that nbval compares, at least, in each chapter


@pytest.mark.parametrize("path", notebooks.chapters(), ids=lambda path: path.stem)
def test_a_chapter_has_outputs_enough_to_compare(path):
    assert len(lint.compared(nbformat.read(path, as_version=4))) >= FLOOR


def test_the_set_up_cell_comes_first_and_only_once():
    for path in notebooks.chapters():
        cells = nbformat.read(path, as_version=4).cells
        assert [number for number, cell in enumerate(cells, 1) if cell.metadata.get("setup")] == [2], path.name


def test_set_up_cells_print_nothing():
    for path in notebooks.chapters():
        assert nbformat.read(path, as_version=4).cells[1].outputs == [], path.name
