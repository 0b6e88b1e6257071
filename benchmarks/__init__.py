"""The benchmarks: `python -m benchmarks [NAME…]`, each beside its reference, in one run on one machine.

What is measured is the real program, started by its command with a configuration of its own, on a
generated corpus that is the same every time. A ratio is what counts: the machine is in both terms.
"""
