"""Made-up files of ads: one as an ad manager exports it, without dates; one with other names, daily dates and cost."""

import numpy as np


def ads_file(path, rows=240, seed=1):
    """Ads by campaign, age, gender and interest; men of 30 to 34 buy three times as often per spend."""
    random = np.random.default_rng(seed)
    lines = ["ad_id,xyz_campaign_id,fb_campaign_id,age,gender,interest,Impressions,Clicks,Spent,Total_Conversion,Approved_Conversion"]
    for row in range(rows):
        age, gender = random.choice(["30-34", "35-39", "40-44"]), random.choice(["M", "F"])
        spent = round(float(np.exp(random.normal(2.5, 1.2))), 2)
        clicks = random.poisson(spent / 1.5)
        total = random.poisson(0.1 * spent * (3 if (age, gender) == ("30-34", "M") else 1) + 0.3)
        approved = random.binomial(total, 0.4)
        campaign = int(random.integers(30))
        lines.append(
            f"{700000 + row},{900 + campaign % 3},{1000 + campaign},{age},{gender},{random.integers(8) + 10},{clicks * 5000 + 900},"
            f"{clicks},{spent},{total},{approved}"
        )
    path.write_text("\n".join(lines) + "\n")
    return path


def dated_file(path, days=80, seed=2):
    """Days of campaigns with other names, a decimal comma and German dates."""
    random = np.random.default_rng(seed)
    lines = ["c_date;campaign_name;category;impressions;mark_spent;clicks;leads;orders;revenue"]
    for day in range(days):
        date = np.datetime64("2025-03-01") + day
        for campaign, kind in (
            ("facebook_tier1", "social"),
            ("google_hot", "search"),
            ("banner_partner", "media"),
            ("youtube_blogger", "influencer"),
        ):
            cost = round(float(np.exp(random.normal(6, 0.6))), 2)
            clicks = random.poisson(cost / 8)
            leads = random.poisson(clicks * (0.2 if kind == "search" else 0.08))
            orders = random.binomial(leads, 0.3)
            written = str(date).split("-")
            lines.append(
                f"{written[2]}.{written[1]}.{written[0]};{campaign};{kind};{clicks * 900};{str(cost).replace('.', ',')};{clicks};{leads};"
                f"{orders};{str(orders * 49.9).replace('.', ',')}"
            )
    path.write_text("\n".join(lines) + "\n")
    return path
