"""What `backward` and the functional derivatives promise."""

from __future__ import annotations

import pytest

import spiraltorch_web as st
from spiraltorch_web.ir.derivatives import VJP, WITHOUT_DERIVATIVE
from spiraltorch_web.ir.ops import Op


@pytest.fixture(autouse=True)
def cpu():
    st.set_device("cpu")


def test_every_operation_has_a_derivative_or_says_that_it_has_none():
    # Routines declare their own.
    assert set(VJP) | WITHOUT_DERIVATIVE | {Op.ROUTINE} == set(Op)
    assert not set(VJP) & WITHOUT_DERIVATIVE


def test_gradients_accumulate():
    x = st.tensor([1.0, 2.0], requires_grad=True)
    for _ in range(2):
        (x * x).sum().backward()
    assert x.grad.tolist() == [4.0, 8.0]


def test_a_tensor_used_twice_gets_both_parts():
    x = st.tensor(3.0, requires_grad=True)
    (x * x + x).backward()
    assert x.grad.item() == 7.0


def test_gradients_keep_the_leaf_s_dtype_and_shape():
    x = st.tensor([[1.0], [2.0]], dtype=st.float16, requires_grad=True)
    (x.float() + st.zeros(2, 3)).sum().backward()
    assert (x.grad.dtype, tuple(x.grad.shape)) == (st.float16, (2, 1))


def test_backward_of_many_numbers_needs_a_gradient():
    x = st.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(st.AutogradError, match="shape"):
        (x * 2).backward()
    (x * 2).backward(st.tensor([1.0, 10.0]))
    assert x.grad.tolist() == [2.0, 20.0]


def test_backward_of_a_constant_is_an_error():
    with pytest.raises(st.AutogradError, match="requires_grad"):
        st.tensor(1.0).backward()


def test_backward_to_chosen_inputs():
    x, y = st.tensor(2.0, requires_grad=True), st.tensor(3.0, requires_grad=True)
    (x * y).backward(inputs=[x])
    assert x.grad.item() == 3.0
    assert y.grad is None


def test_no_grad_cuts_history():
    x = st.tensor(2.0, requires_grad=True)
    with st.no_grad():
        y = x * 3
        with st.enable_grad():
            z = x * 5
    assert not y.requires_grad
    assert y.is_leaf
    assert z.requires_grad
    (y * x + z).backward()
    assert x.grad.item() == 11.0


def test_no_grad_decorates_functions():
    x = st.tensor(2.0, requires_grad=True)

    @st.no_grad()
    def double(v):
        return v * 2

    assert not double(x).requires_grad


def test_detached_values_have_no_history():
    x = st.tensor(2.0, requires_grad=True)
    y = x.detach()
    assert not y.requires_grad
    (x * y).backward()
    assert x.grad.item() == 2.0


def test_gradients_of_gradients():
    x = st.tensor(2.0, requires_grad=True)
    (x**3).backward(create_graph=True)
    first = x.grad
    assert first.item() == 12.0
    x.grad = None
    (first * first).backward()
    assert x.grad.item() == 2 * 12 * 12


def test_results_of_backward_have_no_history():
    x = st.tensor(2.0, requires_grad=True)
    (x * x).backward()
    assert not x.grad.requires_grad


def test_leaves_change_in_place_only_without_history():
    x = st.tensor([1.0], requires_grad=True)
    with pytest.raises(st.AutogradError, match="no_grad"):
        x.add_(1)
    with st.no_grad():
        x.add_(1)
    assert x.requires_grad
    assert x.is_leaf
    (x * x).sum().backward()
    assert x.grad.tolist() == [4.0]


def test_an_updated_leaf_that_was_not_computed_yet_is_still_the_end_of_derivatives():
    x = st.tensor([1.0], requires_grad=True)
    for _ in range(3):
        (x * x).sum().backward()
        with st.no_grad():
            x.sub_(x.grad * 0.25)
        x.grad = None
    assert x.tolist() == [0.125]


def test_constant_leaves_get_gradients():
    x = st.zeros(3, requires_grad=True)
    (x + st.ones(2, 3)).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0, 2.0]


def test_two_leaves_that_start_from_one_value_stay_apart():
    value = st.tensor([1.0])
    value.tolist()
    x, y = value.detach().requires_grad_(), value.detach().requires_grad_()
    (x * 2 + y * 3).sum().backward()
    assert (x.grad.item(), y.grad.item()) == (2.0, 3.0)


def test_changes_in_place_keep_history_of_other_tensors():
    x = st.tensor([1.0, 2.0], requires_grad=True)
    y = x * 1
    y[0] = x[1] * 5
    y.sum().backward()
    assert x.grad.tolist() == [0.0, 6.0]


def test_integers_have_no_gradients():
    with pytest.raises(st.AutogradError, match="int32"):
        st.tensor([1, 2]).requires_grad_()


def test_grad_of_a_function():
    assert st.grad(lambda x: (x**3).sum())(st.tensor([1.0, 2.0])).tolist() == [3.0, 12.0]


def test_grad_with_several_arguments_and_aux():
    def product(x, y):
        return (x * y).sum(), x + y

    (dx, dy), aux = st.grad(product, (0, 1), has_aux=True)(st.tensor([2.0]), st.tensor([5.0]))
    assert (dx.item(), dy.item(), aux.item()) == (5.0, 2.0, 7.0)
    (value, aux), slope = st.value_and_grad(product, has_aux=True)(st.tensor([2.0]), st.tensor([5.0]))
    assert (value.item(), aux.item(), slope.item()) == (10.0, 7.0, 5.0)


def test_grad_nests_to_any_order():
    function = lambda x: (x**5).sum()  # noqa: E731
    for wanted in (5 * 16.0, 20 * 8.0, 60 * 4.0, 120 * 2.0):
        function = _sum_of(st.grad(function))
        assert function(st.tensor(2.0)).item() == pytest.approx(wanted)


def _sum_of(function):
    return lambda x: function(x).sum()


def test_inner_derivatives_see_outer_variables():
    outer = st.grad(lambda x: st.grad(lambda y: x * y * y)(st.tensor(3.0)))
    assert outer(st.tensor(2.0)).item() == 6.0


def test_results_of_functional_derivatives_have_history_only_where_something_wants_it():
    x = st.tensor(2.0)
    assert not st.grad(lambda v: v * v)(x).requires_grad
    w = st.tensor(3.0, requires_grad=True)
    slope = st.grad(lambda v: v * v * w)(x)
    slope.backward()
    assert w.grad.item() == 4.0


def test_arguments_that_do_not_matter_have_zero_gradients():
    assert st.grad(lambda x, y: y * 1, 0)(st.tensor([1.0]), st.tensor([2.0])).tolist() == [0.0]


def test_vjp_jvp_and_hvp():
    matrix = st.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    x, v = st.tensor([1.0, 1.0]), st.tensor([1.0, 10.0])
    value, pull = st.vjp(lambda a: matrix @ a, x)
    assert value.tolist() == [3.0, 7.0, 11.0]
    assert pull(st.tensor([1.0, 0.0, 1.0]))[0].tolist() == [6.0, 8.0]
    value, tangent = st.jvp(lambda a: matrix @ a, (x,), (v,))
    assert value.tolist() == [3.0, 7.0, 11.0]
    assert tangent.tolist() == [21.0, 43.0, 65.0]
    value, (product,) = st.hvp(lambda a: (a**3).sum() + a[0] * a[1], (x,), (v,))
    assert value.item() == 3.0
    assert product.tolist() == [6 + 10.0, 60 + 1.0]


def test_jvp_of_a_function_that_ignores_its_argument():
    value, tangent = st.jvp(lambda x: st.tensor([2.0]) * 1, (st.tensor([1.0]),), (st.tensor([1.0]),))
    assert (value.tolist(), tangent.tolist()) == ([2.0], [0.0])


def test_derivatives_want_float_tensors():
    with pytest.raises(st.ArgumentError, match="int32"):
        st.grad(lambda x: x.sum())(st.tensor([1]))
    with pytest.raises(st.AutogradError, match="float tensor"):
        st.grad(lambda x: 3.0)(st.tensor([1.0]))


def test_gradients_inside_no_grad():
    with st.no_grad():
        assert st.grad(lambda x: x * x)(st.tensor(3.0)).item() == 6.0


def test_long_chains_do_not_overflow_the_stack():
    x = st.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(3000):
        y = y + 0.001
    y.backward()
    assert x.grad.item() == 1.0
