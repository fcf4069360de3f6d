"""The vocabulary of questions: British and American words for measures, dimensions, order and change."""

import re
from typing import Final

from charts.insight.questions.dates import DAYS, MONTHS, NUMBERS

# Read from top to bottom; a phrase comes before its parts. The last group must leave nothing that has a meaning of its own.
MEASURE_PHRASES: Final = tuple(
    (re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])"), measure)
    for pattern, measure in (
        (r"(?:average |mean |avg )(?:customer )?(?:spend(?:ing)?|spent|revenue)(?: (?:per|a|of a|by|each) (?:customer|client|shopper))?"
         r"|spend(?:ing)? (?:per|a) (?:customer|client|shopper)", "spend_per_customer"),
        (r"(?:number of |how many |count of )(?:different |distinct |unique |active )?(?:customers|clients|shoppers|buyers)"
         r"|(?:unique|distinct|active) (?:customers|clients|shoppers|buyers)|customer (?:count|numbers)", "customers"),
        (r"customer spend(?:ing)?|spend(?:ing)?|spent|spends", "spend"),
        (r"(?:average|mean|avg) (?:order|basket|receipt|transaction|ticket) (?:value|size|amount)|aov|basket value|order value"
         r"|(?:average |mean )?revenue (?:per|an) order|(?:average|mean) (?:order|basket)", "order_value"),
        (r"return rate|rate of returns?|(?:share|percentage|percent) of (?:returns|units returned|returned units)|returns? percentage",
         "return_rate"),
        (r"(?:number of |how many )?(?:returned units|units (?:were |was )?(?:returned|(?:sent|brought|given) back)|units of returns)",
         "returned_units"),
        (r"(?:number|count|amount) of returns|how many returns|returns?|refunds?|how often .{0,20}?returned", "returns"),
        (r"(?:profit|gross) margins?|margins?|profit (?:percentage|percent)|profitability rate", "margin"),
        (r"(?:average |mean |avg )?(?:unit |selling |sales )?prices?(?: per (?:unit|piece))?|revenue per (?:unit|piece)", "price"),
        (r"(?:number|count) of orders|how many orders|order count|orders?|receipts|baskets", "orders"),
        (r"(?:number|count|frequency) of sales?|how many sales|sales? (?:count|frequency)|sale lines|how often", "sales"),
        (r"sales? (?:revenue|value|turnover|takings|in (?:money|value))|(?:value|revenue) (?:of|from) (?:the |our )?sales|money from sales"
         r"|revenues?|turnover|takings|proceeds|(?:how )?(?:much )?money (?:did we (?:take|make|get|bring in|earn)|came in|was taken)",
         "revenue"),
        (r"unit sales|sales? (?:volumes?|units|quantity|quantities)|sales in (?:units|pieces)|volumes?|(?:number of |how many )?units"
         r"(?: (?:were )?(?:sold|sell))?|pieces(?: sold)?|quantity(?: sold)?|quantities(?: sold)?|demand", "units"),
        (r"gross profits?|profits?|most profitable|least profitable", "profit"),
    )
)  # fmt: skip

ERROR_PHRASES: Final = (
    (re.compile(r"(?<![\w-])(?:(?:forecast|prediction|forecasting) (?:errors?|accuracy|quality)|wape|accuracy|how (?:accurate|good|wrong) "
                r"(?:are|is|were|was) (?:the |our )?(?:forecasts?|predictions?)"
                r"|errors?(?: of (?:the )?(?:forecasts?|predictions?))?)(?![\w-])"),
     "error"),
    (re.compile(r"(?<![\w-])(?:(?:how )?(?:are |were )?(?:the |our )?(?:forecasts?|predictions?) biased|(?:forecast |prediction )?"
                r"bias(?: of (?:the )?(?:forecasts?|predictions?))?)(?![\w-])"),
     "bias"),
    (re.compile(r"(?<![\w-])(?:coverage|calibration)(?: of (?:the )?(?:forecasts?|predictions?|bands?))?(?![\w-])"), "coverage"),
)  # fmt: skip

DIMENSION_WORDS: Final = {
    "item": "item items product products article articles sku skus goods",
    "store": "store stores shop shops branch branches outlet outlets location locations",
    "customer": "customer customers client clients shopper shoppers buyer buyers",
    "segment": "segment segments",
    "cashier": "cashier cashiers employee employees salesperson salespeople",
    "weekday": "weekday weekdays",
    "hour": "hour hours",
    "day": "day days date dates",
    "week": "week weeks",
    "month": "month months",
    "quarter": "quarter quarters",
    "year": "year years",
    "horizon": "horizon horizons",
}
DIMENSION_OF: Final = {word: name for name, words in DIMENSION_WORDS.items() for word in words.split()}
D: Final = f"(?:{'|'.join(sorted(DIMENSION_OF, key=len, reverse=True))})"
ADVERBS: Final = {
    "daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year", "annual": "year", "hourly": "hour",
}  # fmt: skip

ROSE: Final = (
    "grow grows grew grown growing growth rise rises rose risen rising increase increases increased increasing up "
    "climb climbed improve improved improvement higher better jump jumped gained"
)
FELL: Final = (
    "fall falls fell fallen falling drop drops dropped dropping decline declines declined declining decrease decreases decreased "
    "decreasing down shrink shrank shrunk sink sank lower dip dipped slump slumped worse plunge plunged"
)
CHANGED: Final = "change changes changed changing develop developed development evolve evolved difference differ differed moved movement"
FUTURE: Final = "predicted predict forecast forecasts forecasted expected expect projected projection prediction predictions will going"

UNSUPPORTED: Final = {
    word: reason
    for words, reason in (
        ("loyalty visitor visitors footfall traffic", "the statistics hold customers who are named in sales, and no others"),
        ("staff people team", "ask by cashier: the statistics hold nobody else"),
        ("category categories department departments brand brands region regions country countries city cities channel channels colour "
         "color size supplier suppliers gender age group groups", "the statistics are kept by item and store only"),
        ("stock inventory stockout stockouts shelf shelves shelve facing facings", "stock and shelves are answered by `shelfcast shelf`"),
        ("median percentile quantile correlation correlate variance deviation cumulative running elasticity trend seasonality",
         "only sums, means a day, shares and changes are computed"),
        ("net tax taxes vat gst cost costs expense expenses rent wage wages salary salaries ebit ebitda cash cashflow",
         "the data hold revenue and profit of sale lines, and no other costs or taxes"),
        ("gross", "revenue is kept less returns, and not without them"),
        ("weather temperature rain competitor competitors market marketing advert adverts ads campaign campaigns discount discounts "
         "promotion promotions coupon coupons basket", "the statistics do not hold it"),
        ("conversion click clicks web online target targets budget goal plan", "the statistics do not hold it"),
    )
    for word in words.split()
}  # fmt: skip

STOPWORDS: Final = frozenset(
    "a an the of in at on for to from by with and our us we i me my you your is are was were be been am do does did have has had having "
    "there what which how much many show give tell list display see get find me please can could would should so it its that these "
    "those this during within over across through all overall total totals sum whole any made make makes making "
    "bring brings brought come came generate generated achieve achieved earn earned earning report need want know "
    "about just per each every our's whats when hello hi hey thanks thank ok then now currently numbers figures figure number amount "
    "value values combined together data name names sold sell sells selling compare comparing comparison compared break broken "
    "down split only comes "
    "grouped group ever happened happen doing performing look one ones s in terms measured wise whose where sorted order "
    "take took taking taken let".split()
) - frozenset("group down".split())  # fmt: skip

VOCABULARY: Final = frozenset(
    {*DIMENSION_OF, *ADVERBS, *DAYS, *MONTHS, *NUMBERS, *UNSUPPORTED, *ROSE.split(), *FELL.split(), *CHANGED.split(), *FUTURE.split()}
    | STOPWORDS
    | set(
        "spend spending spent spends unique distinct active "
        "return rate rates refund price pieces piece volume volumes quantity quantities demand order receipts baskets count frequency wape "
        "proceeds biased negative outside exclude revenue revenues turnover takings profit profits "
        "margin margins units unit sales sale returns returned refunds orders "
        "price prices yesterday today tomorrow last next previous past coming quarter half average mean share percentage percent best "
        "worst top bottom highest lowest largest smallest biggest least most fewest busiest quietest selling seller sellers accuracy "
        "accurate errors error bias forecasting coverage weekend weekends between since until before after versus against than more "
        "less fewer above below exceeding without excluding except only only why caused reason reasons explain ranked ranking "
        "profitable unprofitable discontinue delist restock promote decision decisions recommended recommendation".split()
    )
)
"""Words that are read; also those to which a slip is corrected."""
