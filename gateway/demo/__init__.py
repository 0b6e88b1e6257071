"""A made-up help desk for `make demo`: its people, three months of requests, and how they come about.

All of it goes through the services that real mail and real forms use, with times in the past.
"""
