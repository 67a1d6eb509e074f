"""Datasets and loaders, and the data of the examples."""

from .collate import default_collate
from .dataset import Dataset, Subset, TensorDataset, random_split
from .files import open_example
from .loader import DataLoader

__all__ = ["DataLoader", "Dataset", "Subset", "TensorDataset", "default_collate", "open_example", "random_split"]
