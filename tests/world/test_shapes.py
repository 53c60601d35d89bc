"""Solids are closed and look outward; painting order hides what is behind."""

import numpy as np
import pytest

from otherlight.records.seeds import numpy_generator
from otherlight.world.order import paint_order
from otherlight.world.shapes import BACK, LEFT, UP, box, disc, frustum, normals_of, panel, prism
from otherlight.world.vehicles import VEHICLES

SOLIDS = {
    "box": box((0, 0, 0), (1, 2, 3)),
    "frustum": frustum((-1, 0, -1), (1, 2, 1), (-0.5, 0.5, -0.5, 0.2)),
    "prism": prism([(0, 0), (2, 0), (1, 1.5)], -1, 1),
    "prism the other way": prism([(1, 1.5), (2, 0), (0, 0)], -1, 1),
}


@pytest.mark.parametrize("name", SOLIDS)
def test_faces_of_solids_look_outward_and_close_them(name: str):
    corners = SOLIDS[name]
    normal, middle = normals_of(corners), corners.reshape(-1, 3).mean(0)
    assert (((corners.mean(1) - middle) * normal).sum(1) > 0).all()
    # The area vectors of a closed surface add up to nothing.
    area = np.cross(corners, np.roll(corners, -1, axis=1)).sum(1)
    assert area.sum(0) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("toward", [BACK, LEFT, UP])
def test_panels_and_discs_face_where_they_are_told(toward: tuple[int, int, int]):
    for corners in (panel((1, 2, 3), (0.5, 0.2), toward), disc((1, 2, 3), 0.4, toward)):
        assert normals_of(corners)[0] == pytest.approx(np.array(toward), abs=1e-6)


@pytest.mark.parametrize("label", VEHICLES)
def test_vehicles_stand_on_the_ground_and_are_as_long_as_they_say(label: str):
    for index in range(5):
        mesh, length = VEHICLES[label](numpy_generator(index, label), lit=True)
        assert mesh.corners[..., 1].min() == pytest.approx(0, abs=0.08)
        assert np.ptp(mesh.corners[..., 2]) == pytest.approx(length, abs=0.15)
        assert len({len(part) for part in (mesh.colour, mesh.glow, mesh.layer, mesh.both)}) == 1


def test_the_farther_is_painted_first_and_a_bus_hides_whom_it_stands_before():
    # Footprints (right, forward): a long bus, a walker behind its flank, a car ahead of all.
    low = np.array([[2, 14], [6, 17], [-1, 5]], np.float32)
    high = np.array([[4.5, 26], [6.5, 17.5], [1, 9]], np.float32)
    seen, flat = np.ones(3, bool), np.zeros(3, bool)
    rank = paint_order(low, high, seen, flat)
    assert rank[1] < rank[0] < rank[2]


def test_flat_things_come_first_and_a_ring_still_gets_an_order():
    low = np.array([[0, 0], [-5, 3], [-5, 3], [-5, 3]], np.float32)
    high = np.array([[9, 9], [5, 9], [5, 9], [5, 9]], np.float32)
    rank = paint_order(low, high, np.ones(4, bool), np.array([True, False, False, False]))
    assert rank[0] == 0
    assert sorted(rank[1:]) == [1, 2, 3]
