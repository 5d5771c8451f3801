"""Sign-in through nginx, configured by `doubletour proxy-config`: open the wiki, sign in, return to the wiki."""

import json

from browser import authenticator

from harness.proxies import LOGIN

def seen(browser):
    """Return the headers that the application received."""
    return {name.lower(): value for name, value in json.loads(browser.find("pre").text)["headers"]}


def tiles(browser):
    return [name.text for name in browser.visible(".tile b")]


def at(browser, proxy, host, path):
    url = proxy.public(host) + path
    browser.wait(lambda: browser.driver.current_url == url, f"the browser is at {url}")
    browser.wait(lambda: browser.find_all("pre"), "the application's page")


def test_sign_in_returns_to_the_protected_application(scene):
    proxy, browser = scene
    driver = browser.driver

    driver.get(proxy.public("wiki.example.org") + "/page?x=1")
    assert browser.path.startswith("/login?next=") and driver.current_url.startswith(proxy.public(LOGIN))
    browser.look("gate-sign-in")
    browser.follow("a[href^='/register']")
    for name, text in (("username", "anna"), ("password", "trombone ivre 1741"), ("confirm", "trombone ivre 1741")):
        browser.type(name, text)
    browser.submit()
    uri = f"otpauth://totp/x?secret={browser.find('#secret').get_attribute('value')}"
    browser.type_code(authenticator(uri, browser.server.clock))
    browser.find("#saved").click()
    browser.find("main form button.primary").click()
    at(browser, proxy, "wiki.example.org", "/page?x=1")
    assert seen(browser)["remote-user"] == "anna"

    # home leads there too
    driver.get(proxy.public(LOGIN) + "/")
    browser.look("home-with-applications")
    assert tiles(browser)[:2] == ["Wiki", "Shop"] and len(tiles(browser)) == 9
    browser.find("#q").send_keys("  handBOOK wí" if browser.javascript else "wik")
    if browser.javascript:
        assert tiles(browser) == ["Wiki"]
        browser.look("home-searched")
        browser.find("#q").send_keys("x")
        assert not tiles(browser) and "No application matches." in browser.text
        browser.find("#q").send_keys("\b\n")
    else:
        browser.enter("#q")
        assert tiles(browser) == ["Wiki"]
        browser.find(".tile").send_keys("\n")
    at(browser, proxy, "wiki.example.org", "/")

    # sign out and in again: the redirect after the form leads to the wiki too
    driver.get(proxy.public(LOGIN) + "/")
    browser.log_out()
    driver.get(proxy.public("wiki.example.org") + "/other")
    browser.paste("username", "anna")
    browser.paste("password", "trombone ivre 1741")
    browser.submit()
    browser.server.clock.next_step()
    browser.type_code(authenticator(uri, browser.server.clock))
    at(browser, proxy, "wiki.example.org", "/other")

    # another domain, with a ticket
    driver.get(proxy.public("shop.example.net") + "/cart")
    at(browser, proxy, "shop.example.net", "/cart")
    assert seen(browser)["remote-user"] == "anna"

    # only a fresh code is asked for
    driver.get(proxy.public("admin.example.org") + "/")
    at(browser, proxy, "admin.example.org", "/")
    browser.server.clock.advance(6 * 60)
    driver.get(proxy.public("admin.example.org") + "/settings")
    assert driver.current_url.startswith(proxy.public(LOGIN) + "/gate?rd=")
    browser.look("gate-code")
    browser.server.clock.next_step()
    browser.type_code(authenticator(uri, browser.server.clock))
    at(browser, proxy, "admin.example.org", "/settings")

    # refused: the application's host shows a page that leads to the login host, in the look of every page
    driver.get(proxy.public("wiki.example.org") + "/archive/1")
    browser.wait(lambda: driver.current_url.startswith(proxy.public(LOGIN) + "/gate?rd="), "the page of the refusal")
    assert browser.heading == "You don’t have access to Wiki" and "anna" in browser.find("main").text
    assert browser.find("footer a[href^='mailto:']").text == "help@example.org"
    browser.look("gate-denied", expect=[403])
    browser.enter("main form button")
    assert browser.path.startswith("/login?next=%2Fgate%3Frd%3D") and "Wiki" in browser.text
    browser.check_console(expect=[403])

    # an unknown host: the page has its style there too
    driver.get(proxy.public("wrong.example.org") + "/x")
    assert browser.heading == "Wrong address"
    browser.look("gate-wrong-host", expect=[421])
