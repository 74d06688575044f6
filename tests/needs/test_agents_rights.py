"""The rights by which the helpdesk's account knows agents are declared, given by the rules, and checked."""

from __future__ import annotations

import pytest

from gateway.needs import Access, Account, Place, needs_of
from gateway.needs.attributes import MEMBERS
from tests.support.ldif_files import example_settings

GROUP, FILTER = "cn=helpdesk,ou=groups,dc=ac-example,dc=fr", "(&(employeeType=assistance)(!(title=stage)))"


def rights(**helpdesk):
    """The rights of the helpdesk's account for a setting of agents."""
    settings = example_settings(helpdesk=True, recovery=True)
    agents = {"agents_group": None, "agents_filter": "", **helpdesk}
    settings = settings.model_copy(update={"helpdesk": settings.helpdesk.model_copy(update=agents)})
    return needs_of(settings).rights


def given(found, place):
    """Of each attribute at a place what the helpdesk's account may do there."""
    found = [one for one in found if (one.account, one.place) == (Account.HELPDESK, place)]
    return {name: one.access for one in found for name in one.attributes}


class TestFilter:
    @pytest.mark.parametrize("name", ["employeeType", "title"])
    def test_when_a_filter_names_agents_then_its_attributes_can_be_searched_and_not_more(self, name):
        access = given(rights(agents_filter=FILTER), Place.PEOPLE)[name]

        assert access == Access.SEARCH | Access.COMPARE

    def test_when_only_a_group_names_agents_then_the_attributes_of_the_filter_are_nobodys_business(self):
        assert "employeeType" not in given(rights(agents_group=GROUP), Place.PEOPLE)


class TestGroup:
    def test_when_a_group_names_agents_then_its_members_can_be_compared_and_not_read(self):
        found = given(rights(agents_group=GROUP), Place.GROUPS)

        assert {found[name] for name in MEMBERS} == {Access.COMPARE}

    def test_when_agents_are_named_then_the_gateways_account_gets_nothing_for_it(self):
        before, after = rights(), rights(agents_group=GROUP, agents_filter=FILTER)

        assert [one for one in after if one.account is Account.GATEWAY] == [
            one for one in before if one.account is Account.GATEWAY
        ]
