from tests.support.sessions import device as device
