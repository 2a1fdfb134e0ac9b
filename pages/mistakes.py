"""mistakes"""

from cnnviz.ui import frame

frame.head("mistakes", "")
frame.foot("mistakes")
