"""data"""

from cnnviz.ui import frame

frame.head("data", "")
frame.foot("data")
