"""A small report, as a run of the benchmark returns it."""


def a_result(workload, threads, ours, peers):
    """A result of three turns of 1 GFLOP, with these median speeds in GFLOP/s."""
    rates = {"npdistil": ours, **peers}
    return {
        "model": "l6-h384",
        "workload": workload,
        "threads": threads,
        "gflop": [1.0, 1.0, 1.0],
        "texts": [10, 10, 10],
        "fma_gflops": [90.0 * threads, 100.0 * threads, 200.0 * threads],
        "seconds": {name: [9.0 / rate, 1 / rate, 0.1 / rate] for name, rate in rates.items()},
        "calls": {name: [1, 1, 1] for name in rates},
        "pulses": {name: [[2e-4, 2e-4], [3e-4, 2.1e-4], [4e-4, 3e-4]] for name in rates},
        "differences": {"exact": 1e-6},
    }


def a_report():
    """What a run of two thread budgets returns, with all parts."""
    return {
        "date": "2030-01-02",
        "cpu": "a processor",
        "processors": 2,
        "python": "3.11.9",
        "versions": {"numpy": "2.0", "torch": "3.0"},
        "threads": [1, 2],
        "turns": 3,
        "ragged_source": "two sets",
        "results": [
            a_result("1x8", 1, 60.0, {"pytorch": 20.0, "openvino": 40.0}),
            a_result("ragged-sorted", 1, 50.0, {"pytorch": 20.0, "openvino": 40.0}),
            a_result("ragged-sorted", 2, 90.0, {"pytorch": 30.0, "openvino": 50.0}),
            {
                **a_result("1x32", 1, 44.0, {"pytorch": 20.0, "openvino": 40.0}),
                "model": "bert-base",
            },
        ],
        "memory": [{"model": "l6-h384", "engine": "npdistil", "threads": 1, "peak_mb": 321}],
        "card": {
            "workload": "32x128",
            "threads": 1,
            "seconds": {"bert-base": [6.0], "l6-h256": [0.5]},
        },
        "many": {"threads": 2, "runs": [{"texts": 1000, "seconds": [2.0, 1.0, 8.0]}]},
    }
