"""runs"""

from cnnviz.ui import frame

frame.head("runs", "")
frame.foot("runs")
