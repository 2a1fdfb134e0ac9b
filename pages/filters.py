"""filters"""

from cnnviz.ui import frame

frame.head("filters", "")
frame.foot("filters")
