"""Neural style transfer: its presets, its chance, and that it finds the texture it is shown."""

import pytest
import torch

from otherlight.config import build
from otherlight.errors import PlanError
from otherlight.losses.style import gram
from otherlight.training.devices import threads
from otherlight.training.seeding import torch_generator
from otherlight.translators import context_for
from otherlight.translators.nst import NST
from otherlight.translators.nst_recipes import NSTConfig
from otherlight.translators.optimising import Optimiser, optimised

SMALL = {"backbone": "squeezenet", "weights": "random", "evaluations": 4}


def made(**options: object) -> NST:
    return NST(build(NSTConfig, {**SMALL, **options}, "nst"), torch_generator(0, "weights"))


def fitted(**options: object) -> NST:
    translator = made(**options)
    translator.fit([picture(1) * 0.3 - 0.5, picture(2) * 0.3 + 0.5])
    return translator


def picture(seed: int, height: int = 32, width: int = 40) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch_generator(seed)) * 2 - 1


def test_the_papers_recipe():
    recipe = NSTConfig().recipe()
    assert (recipe.backbone, recipe.pooling, recipe.start) == ("vgg19", "average", "noise")
    assert recipe.content_layers == ("conv4_2",)
    assert recipe.style_layers == ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
    assert recipe.content_weight / recipe.style_weight == 1e-3


def test_sim2reals_recipe_and_what_is_said_beside_it():
    recipe = NSTConfig(preset="sim2real", evaluations=7).recipe()
    assert (recipe.backbone, recipe.pooling, recipe.normalise) == ("vgg16", "max", False)
    assert recipe.style_layers == ("conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_3")
    assert (recipe.rounds, recipe.evaluations) == (5, 7)
    assert (round(1242 * recipe.scale), round(375 * recipe.scale)) == (828, 250)


@pytest.mark.parametrize("counts", ["layer", "image"])
def test_the_loss_is_the_recipes(counts: str):
    translator = fitted(gram_counts=counts, normalise=False, variation_weight=0.5)
    content, style, shown = picture(3), picture(4), picture(5)
    found = translator.loss(content, style)(shown * 127.5)
    trunk = translator.network(torch.device("cpu"))
    layers = ("conv1", "fire3", "fire5", "fire7")
    wanted, textures, here = (trunk(image, layers) for image in (content, style, shown))
    total = 1e-3 * 0.5 * (here["fire5"] - wanted["fire5"]).square().sum()
    for layer in layers:
        _, channels, rows, columns = here[layer].shape
        n, m = (channels, rows * columns) if counts == "layer" else (3, 32 * 40)
        apart = (gram(here[layer]) - gram(textures[layer])).square().sum()
        total += apart / (4 * n**2 * m**2) / 4
    levels = shown[0] * 127.5
    down = (levels[:, :-1, :-1] - levels[:, 1:, :-1]) ** 2
    right = (levels[:, :-1, :-1] - levels[:, :-1, 1:]) ** 2
    total += 0.5 * ((down + right) ** 1.25).sum()
    torch.testing.assert_close(found, total, rtol=1e-4, atol=0)


def test_normalised_channels_fire_one_on_average_over_the_reference():
    translator = fitted()
    found = [translator.features(image)["fire5"].mean((0, 2, 3)) for image in stored(translator)]
    mean = torch.stack(found).mean(0)
    counted = translator.means["fire5"] > translator.means["fire5"].min() * 1.001
    torch.testing.assert_close(mean[counted], torch.ones_like(mean[counted]), rtol=1e-3, atol=0)
    assert (mean <= 1.001).all()


def stored(translator: NST) -> list[torch.Tensor]:
    return [image[None] / 127.5 - 1 for image in translator.styles]


@pytest.mark.parametrize("optimiser", ["lbfgs", "adam"])
def test_what_is_painted_is_nearer_to_what_is_wanted(optimiser: str):
    translator = fitted(optimiser=optimiser, start="content", evaluations=15)
    loss = translator.loss(picture(3), stored(translator)[0])
    levels = optimised(picture(3) * 127.5, loss, Optimiser(optimiser, 2, 15, 2.0))  # pyright: ignore[reportArgumentType]
    assert float(loss(levels)) < 0.5 * float(loss(picture(3) * 127.5))


def test_a_second_round_goes_on_where_the_first_ended():
    def loss(levels: torch.Tensor) -> torch.Tensor:
        return (levels - 3).square().sum() + levels.pow(4).sum()

    start = torch.full((1, 3, 2, 2), 9.0)
    ends = [
        float(loss(optimised(start, loss, Optimiser("lbfgs", rounds, 3, 1.0))))
        for rounds in (1, 2, 6)
    ]
    assert ends[0] > ends[1] > ends[2]


def test_each_image_draws_its_style_by_name_and_seed():
    translator = fitted(start="content")

    def shown(seed: int, *names: str) -> list[float]:
        images = picture(3).repeat(len(names), 1, 1, 1)
        return translator.translate(images, context_for(seed, names)).std((1, 2, 3)).tolist()

    names = [f"{n}.png" for n in range(6)]
    first = shown(0, *names)
    assert len(set(first)) == 2
    assert shown(0, names[5]) == first[5:]
    assert shown(1, *names) != first


def test_threads_and_company_change_no_digit():
    translator, batch = fitted(), torch.cat([picture(3), picture(4)])
    names = ["a.png", "b.png"]
    with threads(1):
        alone = [
            translator.translate(image, context_for(0, [name]))
            for image, name in zip(batch.split(1), names, strict=True)
        ]
    with threads(2), torch.inference_mode():
        together = translator.translate(batch, context_for(0, names))
    assert torch.equal(torch.cat(alone), together)


def test_a_reference_beyond_its_room_is_drawn_from_fairly_and_again_the_same():
    translator = made(styles=4)
    reference = [torch.full((1, 3, 32, 32), level / 20 - 1) for level in range(40)]
    translator.fit(iter(reference))
    first = [int(image[0, 0, 0]) for image in translator.styles]
    translator.fit(iter(reference))
    assert [int(image[0, 0, 0]) for image in translator.styles] == first
    assert len(first) == 4
    assert max(first) > 100


def test_an_image_as_it_is_decoded_is_painted_like_any_other():
    translator = fitted(start="content")
    decoded = picture(3).permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
    shown, plain = (
        translator.translate(image, context_for(0, ["a"])) for image in (decoded, picture(3))
    )
    torch.testing.assert_close(shown, plain, atol=1e-3, rtol=0)


def test_half_the_size_comes_back_whole():
    translator = fitted(scale=0.5)
    assert translator.translate(picture(3, 61, 83), context_for(0, ["a"])).shape == (1, 3, 61, 83)


def test_weights_that_are_not_at_hand_are_asked_for_before_any_image():
    translator = made(backbone="vgg16", weights="")
    with pytest.raises(PlanError, match=r"nst needs a trained vgg16; no weights came. Give"):
        translator.fit(iter([]))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"styles": 0}, "styles must be 1 or more; 0 came"),
        ({"evaluations": 0}, "rounds and evaluations must be 1 or more; 1 and 0 came"),
        ({"scale": 1.5}, "scale must be above 0 and at most 1; 1.5 came"),
        ({"preset": "gatys"}, r"\[nst\] preset"),
        ({"style_layers": []}, "content_layers and style_layers must each name a layer"),
        ({"style_weight": float("nan")}, "style_weight must be 0 or more and finite; nan came"),
        ({"content_weight": -1}, "content_weight must be 0 or more and finite; -1.0 came"),
        ({"learning_rate": 0}, "learning_rate must be above 0; 0.0 came"),
    ],
)
def test_options_that_cannot_be(options: dict[str, object], words: str):
    with pytest.raises(PlanError, match=words):
        made(**options)


def test_a_layer_that_there_is_not():
    with pytest.raises(PlanError, match=r"squeezenet has no layer 'fire'. Did you mean 'fire"):
        made(content_layers=("fire",)).fit([picture(1)])


def test_without_a_reference_there_is_no_style():
    with pytest.raises(ValueError, match="needs a reference: call fit first"):
        made().translate(picture(1), context_for(0, ["a"]))
    with pytest.raises(ValueError, match="must hold at least one image"):
        made().fit([])
