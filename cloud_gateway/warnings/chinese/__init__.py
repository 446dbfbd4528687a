"""China's warning signals (预警信号) in the shapes in which they are published: one module for each."""
