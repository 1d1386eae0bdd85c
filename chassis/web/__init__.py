"""The one shell that the pages of every service share: templates, languages, forms, security headers.

Import from the modules (`chassis.web.pages`, `.forms`, `.i18n`, `.vocabulary`, `.install`, `.static`): identity
uses the languages and pages use identity, so this package itself imports neither.
"""
