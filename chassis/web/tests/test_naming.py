"""The summary of mistakes names each field as its label does."""

from chassis.web.naming import name_fields

PAGE = """
<li><a href="#field-title"><span data-field="field-title"></span>Missing</a></li>
<li><a href="#field-lines-1-quantity"><span data-field="field-lines-1-quantity"></span>Not a number</a></li>
<li><a href="#field-odd"><span data-field="field-odd"></span>Odd</a></li>
<label class="shell-label" for="field-title">Title &amp; more
  <span class="shell-optional">(optional)</span></label>
<fieldset class="shell-panel" id="field-lines-1">
  <legend class="h6">Line 2</legend>
  <label class="shell-label" for="field-lines-1-quantity">Quantity</label>
</fieldset>
"""


def test_each_mistake_is_named_by_the_label_of_its_field() -> None:
    named = name_fields(PAGE)
    assert '<a href="#field-title">Title &amp; more: Missing</a>' in named
    assert '<a href="#field-lines-1-quantity">Line 2, Quantity: Not a number</a>' in named
    assert '<a href="#field-odd">Odd</a>' in named


def test_a_page_without_mistakes_stays_as_it_is() -> None:
    assert name_fields("<label for='x'>X</label>") == "<label for='x'>X</label>"
