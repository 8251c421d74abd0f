"""The pages of `bench.changing`, and what their makers might call things in the next version.

Each control has its label, the labels a next version may give it, and, for some, an `intruder`: what a new version may put in its
place that is something else.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of a page: a page, section, bar, table, row, note, or a control."""

    kind: str
    label: str
    truth: str
    """Who it is, whatever it is called and wherever it stands."""
    renames: tuple[str, ...] = ()
    value: str = ""
    options: tuple[str, ...] = ()
    intruder: str = ""
    is_labelled: bool = True
    """Without a label, a field has only the `name` that its maker wrote into the HTML."""
    children: tuple[Node, ...] = ()


def _page(title: str, *children: Node) -> Node:
    return Node("page", title, title, children=children)


def _section(title: str, *children: Node) -> Node:
    return Node("section", title, f"section {title}", children=children)


def _bar(*children: Node) -> Node:
    return Node("bar", "", f"bar {children[0].truth}", children=children)


def _note(text: str) -> Node:
    return Node("note", text, f"note {text}")


def _control(kind: str, label: str, renames: str = "", value: str = "", intruder: str = "", options: str = "") -> Node:
    """Make a control; `renames` and `options` are separated by `|`. A label in angle brackets is only its HTML name."""
    is_labelled = not label.startswith("<")
    label = label.strip("<>")
    split = [tuple(part for part in text.split("|") if part) for text in (renames, options)]
    return Node(kind, label, f"{kind} {label}", split[0], value, split[1], intruder, is_labelled)


def _table(name: str, rows: tuple[str, ...], *actions: Node) -> Node:
    made = tuple(
        Node("row", cells, f"row {cells}", children=tuple(_in_row(action, cells) for action in actions))
        for cells in rows
    )
    return Node("table", name, f"table {name}", children=made)


def _in_row(action: Node, cells: str) -> Node:
    return Node(action.kind, action.label, f"{action.truth} of {cells}", action.renames)


PAGES = (
    _page(
        "Invoice 2041",
        _bar(
            _control("link", "Dashboard", "Overview|Dashboard home"),
            _control("link", "Invoices", "All invoices|Bills"),
            _control("link", "Customers", "Clients|Customer list"),
            _control("button", "New invoice", "Create invoice|Add invoice"),
        ),
        _section(
            "Details",
            _control("text", "Customer", "Client|Customer name", "Alba Foods"),
            _control("text", "Reference", "Your reference|Reference number", "A-17", intruder="Delivery address"),
            _control("date", "Due date", "Due|Deadline", "2026-03-01"),
            _control("select", "Terms", "Payment terms|Conditions", "14 days", options="14 days|30 days|60 days"),
            _control("area", "Remarks", "Notes|Comments", "", intruder="Internal code"),
            _control("area", "<memo-body>"),
        ),
        _section(
            "Amounts",
            _control("number", "Amount", "Sum|Amount due", "120"),
            _control("number", "Discount", "Discount in percent|Rebate", "5"),
            _control("select", "Currency", "Currency of the invoice", "EUR", options="EUR|CHF|USD"),
            _control("check", "Tax included", "Tax is included|Includes tax"),
        ),
        _table(
            "Lines",
            ("Birch planks | 75.50", "Cedar oil | 9.00", "Delivery | 35.00"),
            _control("button", "Edit", "Change|Edit line"),
            _control("button", "Remove", "Delete|Remove line"),
        ),
        _bar(
            _control("button", "Save", "Save invoice|Save changes|Store", intruder="Delete"),
            _control("button", "Preview", "Preview invoice|Show preview", intruder="Archive"),
            _control("button", "Send", "Send invoice|Send now", intruder="Print"),
            _control("button", "Cancel", "Dismiss|Cancel editing", intruder="Duplicate"),
        ),
    ),
    _page(
        "Team",
        _bar(
            _control("link", "Home", "Home page"),
            _control("link", "Team", "Team members"),
            _control("link", "Reports", "All reports"),
        ),
        _section(
            "Find people",
            _control("text", "Name", "Full name|Name or part of it"),
            _control(
                "select",
                "Department",
                "Team or department|Department name",
                "Any",
                options="Any|Sales|Support|Research",
            ),
            _control("check", "Only active", "Active only|Only active people"),
            _control("button", "Search", "Find|Search people", intruder="Export"),
        ),
        _table(
            "People",
            (
                "Dana Reyes | Sales | since 2019",
                "Eli Novak | Support | since 2021",
                "Farid Haddad | Research | since 2023",
            ),
            _control("link", "Profile", "View profile"),
            _control("button", "Message", "Write a message"),
            _control("button", "Deactivate", "Deactivate account"),
        ),
        _section(
            "Invite",
            _note("A new colleague gets a letter with a link."),
            _control("text", "Email", "Email address|E-mail", intruder="Desk number"),
            _control("select", "Role", "Role in the team", "Reader", options="Reader|Editor|Owner"),
            _control("button", "Send invitation", "Send the invitation|Send invite", intruder="Delete team"),
        ),
    ),
    _page(
        "Settings",
        _bar(
            _control("link", "General", "General settings"),
            _control("link", "Privacy", "Privacy settings"),
            _control("link", "Log out", "Sign out"),
        ),
        _section(
            "Profile",
            _control("text", "First name", "Given name", "Dana"),
            _control("text", "Last name", "Surname|Family name", "Reyes"),
            _control("text", "Phone", "Telephone|Phone number", "555 0101"),
            _control("area", "About you", "About|A few words about you", "I like maps"),
            _control("button", "Save profile", "Update profile|Save", intruder="Delete profile"),
        ),
        _section(
            "Notifications",
            _control("check", "Email me", "Email notifications|Send me email"),
            _control("check", "Weekly summary", "Weekly overview|Summary each week"),
            _control("select", "Frequency", "How often|Frequency of mails", "Daily", options="Hourly|Daily|Weekly"),
            _control("button", "Save notifications", "Update notifications", intruder="Reset notifications"),
        ),
        _section(
            "Language",
            _control(
                "select",
                "Language",
                "Display language|Language of the pages",
                "English",
                options="English|Deutsch|Français",
            ),
            _control("text", "<time-zone>", value="Europe/Vienna"),
            _control("date", "Day of birth", "Birthday|Date of birth", "1990-05-01"),
        ),
    ),
)

HELD_OUT = (
    _page(
        "Book a room",
        _bar(
            _control("link", "Rooms", "All rooms|Our rooms"),
            _control("link", "My bookings", "Bookings|Your bookings"),
            _control("button", "Help", "Get help"),
        ),
        _section(
            "Stay",
            _control("date", "Arrival", "Arrival date|Date of arrival", "2026-06-01"),
            _control("date", "Departure", "Departure date|Date of departure", "2026-06-04"),
            _control("number", "Guests", "Number of guests|Guest count", "2"),
            _control("select", "Room type", "Type of room|Kind of room", "Double", options="Single|Double|Suite"),
            _control("check", "Breakfast", "With breakfast|Breakfast included"),
        ),
        _section(
            "Guest",
            _control("text", "Guest name", "Name of the guest|Name", "Noor", intruder="Loyalty number"),
            _control("text", "Mobile", "Phone|Mobile number", "555 0199"),
            _control("area", "Wishes", "Special wishes|Requests", "", intruder="Voucher"),
            _control("text", "<arrival-time>", value="18:00"),
        ),
        _table(
            "Extras",
            ("Parking | 12.00 a night", "Late checkout | 25.00", "Airport shuttle | 40.00"),
            _control("button", "Add", "Add extra"),
            _control("button", "Details", "Show details"),
        ),
        _bar(
            _control("button", "Check availability", "Check|Availability check", intruder="Print offer"),
            _control("button", "Continue", "Next|Continue to payment", intruder="Start again"),
            _control("button", "Discard", "Discard booking|Delete", intruder="Save for later"),
        ),
    ),
    _page(
        "Orders",
        _bar(
            _control("link", "Products", "All products|Product list"),
            _control("link", "Orders", "All orders"),
            _control("button", "New order", "Create order|Add order"),
        ),
        _section(
            "Filter",
            _control("text", "Order number", "Number of the order|Order no."),
            _control("date", "Placed after", "Placed since|Placed on or after", "2026-01-01"),
            _control(
                "select", "State", "Order state|State of the order", "Open", options="Open|Packed|Shipped|Returned"
            ),
            _control("check", "With invoice", "Has an invoice|Invoice exists"),
            _control("button", "Filter", "Apply filter|Filter orders", intruder="Clear all"),
        ),
        _table(
            "Orders",
            (
                "1007 | Greta Holm | 89.00",
                "1008 | Ivo Blanc | 14.50",
                "1009 | Juno Park | 230.00",
                "1010 | Kasimir Lund | 61.20",
            ),
            _control("link", "Open", "View|Open order"),
            _control("button", "Ship", "Ship order"),
            _control("button", "Refund", "Refund order"),
        ),
        _section(
            "Packing slip",
            _control("select", "Printer", "Printer to use", "Office", options="Office|Store room"),
            _control("number", "Copies", "Number of copies|Copies to print", "1", intruder="Page size"),
            _control("button", "Print slip", "Print packing slip|Print", intruder="Delete slip"),
        ),
    ),
    _page(
        "Edit page: Garden",
        _bar(
            _control("link", "Recent changes", "Latest changes|Changes"),
            _control("link", "Media", "Media files"),
            _control("text", "Search the wiki", "Search|Search pages"),
        ),
        _section(
            "Text",
            _control("text", "Heading", "Page heading|Heading of the page", "Garden"),
            _control("area", "<wiki-text>", value="Plant the beans"),
            _control("text", "Edit summary", "Summary|Summary of the edit", intruder="Page owner"),
            _control("check", "Minor change", "Minor edit|This is a minor change"),
        ),
        _section(
            "Access",
            _note("Groups may read or write."),
            _control(
                "select", "Readers", "Who can read|Readers of this page", "Everybody", options="Everybody|Members|Staff"
            ),
            _control(
                "select", "Writers", "Who can write|Writers of this page", "Staff", options="Members|Staff|Nobody"
            ),
            _control("button", "Set access", "Set access rights|Update access", intruder="Copy access"),
        ),
        _table(
            "Attachments",
            ("plan.pdf | 210 KB", "beds.png | 1.2 MB", "seeds.csv | 4 KB"),
            _control("link", "Download", "Download file"),
            _control("button", "Rename", "Rename file"),
            _control("button", "Delete", "Delete file|Remove"),
        ),
        _bar(
            _control("button", "Save page", "Save|Save this page", intruder="Move page"),
            _control("button", "Show preview", "Preview|View preview", intruder="Lock page"),
            _control("button", "Cancel", "Cancel edit|Close", intruder="Log out"),
        ),
    ),
)
