"""Whose work this is built on, to be read and to be cited."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CITATIONS", "Citation"]


@dataclass(frozen=True)
class Citation:
    """A paper: what it gave us, its title, where it is, and its BibTeX entry."""

    key: str
    gave: str
    title: str
    where: str
    url: str
    bibtex: str


CITATIONS = (
    Citation(
        key="mitra2024sparse",
        gave="The method of this app: heads as classifiers.",
        title=(
            "Sparse Attention Vectors: Generative Multimodal Model Features Are Discriminative Vision-Language Classifiers"
        ),
        where="Mitra et al., ICCV 2025, arXiv 2412.00142",
        url="https://arxiv.org/abs/2412.00142",
        bibtex="""@inproceedings{mitra2025sparse,
  title     = {Sparse Attention Vectors: Generative Multimodal Model Features Are
               Discriminative Vision-Language Classifiers},
  author    = {Mitra, Chancharik and Huang, Brandon and Chai, Tianning and Lin, Zhiqiu and
               Arbelle, Assaf and Feris, Rogerio and Karlinsky, Leonid and Darrell, Trevor and
               Ramanan, Deva and Herzig, Roei},
  booktitle = {ICCV},
  year      = {2025},
  note      = {arXiv:2412.00142}
}""",
    ),
    Citation(
        key="fu2026multimodal",
        gave="Its sibling: heads that carry a visual relation, read, injected and tuned.",
        title="Multimodal Function Vectors for Visual Relations",
        where="Fu et al., ICML 2026, arXiv 2510.02528",
        url="https://arxiv.org/abs/2510.02528",
        bibtex="""@inproceedings{fu2026multimodal,
  title     = {Multimodal Function Vectors for Visual Relations},
  author    = {Fu, Shuhao and Goldberg, Esther and Wu, Ying Nian and Lu, Hongjing},
  booktitle = {ICML},
  year      = {2026},
  note      = {arXiv:2510.02528}
}""",
    ),
)
