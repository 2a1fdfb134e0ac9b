"""Entry of the web app: page configuration and navigation, nothing else."""

import streamlit as st

from cnnviz.ui import frame

st.set_page_config(page_title="cnnviz", layout="wide", initial_sidebar_state="auto")
frame.run()
