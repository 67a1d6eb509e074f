"""Random numbers; see `spiraltorch_web.tensor.random`."""

from .tensor.random import Generator as Generator
from .tensor.random import bernoulli as bernoulli
from .tensor.random import default_generator as default_generator
from .tensor.random import manual_seed as manual_seed
from .tensor.random import multinomial as multinomial
from .tensor.random import normal as normal
from .tensor.random import rand as rand
from .tensor.random import rand_like as rand_like
from .tensor.random import randint as randint
from .tensor.random import randn as randn
from .tensor.random import randn_like as randn_like
from .tensor.random import randperm as randperm
