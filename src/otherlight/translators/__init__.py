"""Translators: show a scene in another light; geometry never moves, so labels stay true."""

from otherlight.config import nearest
from otherlight.errors import PlanError
from otherlight.translators.adain import AdaIN, AdaINConfig
from otherlight.translators.clahe import ClaheConfig, build_clahe
from otherlight.translators.cut import CUT, CUTConfig, FastCUTConfig
from otherlight.translators.cyclegan import CycleGAN, CycleGANConfig
from otherlight.translators.edge_gan import EdgeGAN
from otherlight.translators.fda import FDA, FDAConfig
from otherlight.translators.fog import FogConfig, build_fog
from otherlight.translators.gamma import Gamma, GammaConfig
from otherlight.translators.hedgan import HEDGANConfig
from otherlight.translators.hedngan import HEDNGANConfig
from otherlight.translators.histogram import Histogram, HistogramConfig
from otherlight.translators.identity import Identity, IdentityConfig
from otherlight.translators.night import NightConfig, build_night
from otherlight.translators.nst import NST
from otherlight.translators.nst_recipes import NSTConfig
from otherlight.translators.pix2pix import Pix2Pix, Pix2PixConfig
from otherlight.translators.protocols import (
    Context,
    DepthAware,
    Learned,
    Method,
    Referenced,
    Translator,
    context_for,
)
from otherlight.translators.rain import RainConfig, build_rain
from otherlight.translators.rcfgan import RCFGANConfig
from otherlight.translators.rcfngan import RCFNGANConfig
from otherlight.translators.reinhard import Reinhard, ReinhardConfig
from otherlight.translators.snow import SnowConfig, build_snow
from otherlight.translators.wct2 import WCT2, WCT2Config

TRANSLATORS: dict[str, Method] = {
    "adain": Method(config=AdaINConfig, build=AdaIN),
    "clahe": Method(config=ClaheConfig, build=build_clahe),
    "cut": Method(config=CUTConfig, build=CUT, epochs=400.0),
    "cyclegan": Method(config=CycleGANConfig, build=CycleGAN),
    "fastcut": Method(
        config=FastCUTConfig,
        build=CUT,
        decay_from=0.75,
        about="CUT with more weight on patches, mirrored batches and no identity: cheaper still.",
    ),
    "fda": Method(config=FDAConfig, build=FDA),
    "fog": Method(config=FogConfig, build=build_fog),
    "gamma": Method(config=GammaConfig, build=Gamma),
    "hedgan": Method(
        config=HEDGANConfig,
        build=EdgeGAN,
        epochs=50.0,
        about="A generator that keeps the edges a frozen HED sees; two-sided with cycle_weight.",
    ),
    "hedngan": Method(
        config=HEDNGANConfig,
        build=EdgeGAN,
        epochs=50.0,
        about="A generator that keeps the edges a frozen HED sees, as a student HED finds them; "
        "two-sided with cycle_weight.",
    ),
    "histogram": Method(config=HistogramConfig, build=Histogram),
    "identity": Method(config=IdentityConfig, build=Identity),
    "night": Method(config=NightConfig, build=build_night),
    "nst": Method(config=NSTConfig, build=NST),
    "pix2pix": Method(config=Pix2PixConfig, build=Pix2Pix, paired=True),
    "rain": Method(config=RainConfig, build=build_rain),
    "rcfgan": Method(
        config=RCFGANConfig,
        build=EdgeGAN,
        epochs=50.0,
        about="A generator that keeps the edges a frozen RCF sees; two-sided with cycle_weight.",
    ),
    "rcfngan": Method(
        config=RCFNGANConfig,
        build=EdgeGAN,
        epochs=50.0,
        about="A generator that keeps the edges a frozen RCF sees, as a student RCF finds them; "
        "two-sided with cycle_weight.",
    ),
    "reinhard": Method(config=ReinhardConfig, build=Reinhard),
    "snow": Method(config=SnowConfig, build=build_snow),
    "wct2": Method(config=WCT2Config, build=WCT2),
}


def method_of(name: str) -> Method:
    """Find a method by its name."""
    if name not in TRANSLATORS:
        raise PlanError(
            f"A translator is a method or a run folder; {name!r} is neither. "
            f"{nearest(name, TRANSLATORS)}"
        )
    return TRANSLATORS[name]


__all__ = [
    "TRANSLATORS",
    "Context",
    "DepthAware",
    "Learned",
    "Method",
    "Referenced",
    "Translator",
    "context_for",
    "method_of",
]
