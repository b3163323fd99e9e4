"""y = x W^T + b."""

import numpy as np

from .jit import IN1, IN2, OUT2, kernel

ZERO = np.float32(0)  # a plain 0.0 would make the sums float64


@kernel(IN2, IN2, IN1, OUT2)
def linear(x_TI, weight_EI, bias_E, y_TE):
    """Twin: reference.forward.linear.

    Four outputs at a time: a row of x is read once for the four, and the four weight rows stay in
    the first-level cache for all rows of x. How an output is summed depends on I and e alone, so a
    row's result does not depend on its neighbours.
    """
    T = x_TI.shape[0]
    E, I = weight_EI.shape
    fours = E - E % 4
    for e in range(0, fours, 4):
        w0_I, w1_I, w2_I, w3_I = weight_EI[e], weight_EI[e + 1], weight_EI[e + 2], weight_EI[e + 3]
        for t in range(T):
            x_I = x_TI[t]
            sum0 = sum1 = sum2 = sum3 = ZERO
            for i in range(I):
                sum0 += x_I[i] * w0_I[i]
                sum1 += x_I[i] * w1_I[i]
                sum2 += x_I[i] * w2_I[i]
                sum3 += x_I[i] * w3_I[i]
            y_TE[t, e] = sum0 + bias_E[e]
            y_TE[t, e + 1] = sum1 + bias_E[e + 1]
            y_TE[t, e + 2] = sum2 + bias_E[e + 2]
            y_TE[t, e + 3] = sum3 + bias_E[e + 3]
    for e in range(fours, E):
        w_I = weight_EI[e]
        for t in range(T):
            x_I = x_TI[t]
            total = ZERO
            for i in range(I):
                total += x_I[i] * w_I[i]
            y_TE[t, e] = total + bias_E[e]
