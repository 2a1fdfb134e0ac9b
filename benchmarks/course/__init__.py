"""A thousand students in one course, on paper: ``python -m benchmarks.course``.

``measure`` takes the service times of the real app on this machine into ``measured.json``;
``simulation`` lets any number of students work with them, under the app's own rules;
``validation`` holds the simulation against a real class; ``tables`` writes docs/scaling.md.
"""
