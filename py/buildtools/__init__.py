"""What build.py is made of: set-up, the site, its server. Standard library only; not part of the wheel.

project      where things are, and how a command is run
stamps       what need not be done again
environment  virtual environment, npm packages, system packages
wheel        our wheel
runtime      the Pyodide runtime, its lock and the wheels beside it
numpy_wheel  NumPy's wheel for the CPU fallback, checked against Pyodide's lock
vendor       third-party JavaScript, bundled once
examples     the manifest of the page's examples
site         all of it as one folder of static files
policy       the security headers
server       that folder on 127.0.0.1
commands     the commands of build.py
"""
