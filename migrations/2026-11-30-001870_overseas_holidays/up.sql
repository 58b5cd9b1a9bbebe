-- The public holidays that the organization chose; null: those of its postal code. holiday_calendar stays for the
-- previous release, which knows two calendars: alsace_moselle in it counts as chosen.
ALTER TABLE organizations
    ADD COLUMN chosen_holidays text,
    ADD CONSTRAINT organizations_chosen_holidays CHECK (chosen_holidays IN (
        'metropolitan', 'alsace_moselle', 'guadeloupe', 'martinique', 'guyane', 'reunion', 'mayotte',
        'saint_barthelemy', 'saint_martin'
    )) NOT VALID;
