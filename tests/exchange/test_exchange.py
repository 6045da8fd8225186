#!/usr/bin/env python3
"""End to end: the real krakken-exchange over TLS. Usage: test_exchange.py PATH_OF_KRAKKEN_EXCHANGE [unittest options]

The cases are in end_to_end/; each starts from POST /reset. For one of them: test_exchange.py PATH Faults.test_truncate"""

import os
import sys
import unittest

from end_to_end.admission import Admission
from end_to_end.control import CommandLine, Controlling
from end_to_end.faults import Faults
from end_to_end.serving import Serving

if __name__ == "__main__":
    os.environ["KRAKKEN_EXCHANGE"] = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
