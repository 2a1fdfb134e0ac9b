"""architecture"""

from cnnviz.ui import frame

frame.head("architecture", "")
frame.foot("architecture")
