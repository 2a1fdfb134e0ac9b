"""evaluation"""

from cnnviz.ui import frame

frame.head("evaluation", "")
frame.foot("evaluation")
