"""Words in the names of events, in the languages of the sources, and the hazard that each one means."""

from __future__ import annotations

#: In order: the first that is found decides, so the special stands before the general. `*` marks a Latin word that is
#: also found inside a longer one (German compounds).
WORDS: tuple[tuple[str, str], ...] = (
    ("海上大风|海上雷雨大风|海上台风", "marine-gale"),
    ("海上大雾|海上雷电|海上风险", "marine"),
    ("台风|颱風|热带气旋|hurricane|typhoon|tropical storm|tropical cyclone|cyclone|ouragan|huracán|taifun", "typhoon"),
    ("龙卷|龍捲|tornado|tornade|waterspout", "tornado"),
    ("风暴潮|storm surge|sturmflut|submersion", "storm-surge"),
    ("海啸|tsunami", "tsunami"),
    ("coastal flood|lakeshore flood|coastalevent|沿海洪水", "coastal-flood"),
    ("水库|堤防|溃坝|dam failure|dam break|dam floodgate|levee", "dam-failure"),
    ("山洪|flash flood|crue éclair", "flash-flood"),
    ("内涝|渍涝|积涝|waterlogging|urban flood", "waterlogging"),
    ("地质灾害|滑坡|泥石流|崩塌|landslide|debris flow|mudslide|mudflow|erdrutsch|glissement", "landslide"),
    ("洪水|洪涝|汛|flood|hydrologic|crue|inondation|hochwasser|überschwemmung|inundaci|паводок|наводнение", "flood"),
    ("雪崩|avalanche|lawine", "avalanche"),
    ("降温|寒潮|低温|寒冷|严寒|cold wave|cold|wind chill|low-temperature|low temperature|freeze warning|grand froid"
     "|grand-froid", "cold-wave"),
    ("道路结冰|道路冰雪|冰冻|冻雨|结冰|freezing rain|freezing drizzle|ice|icing|glatteis|glätte|verglas|гололед|гололёд"
     "|black ice", "ice"),
    ("暴雪|大雪|雪灾|snow|blizzard|winter storm|winter weather|*schnee|neige|nieve|снег|метель", "snowstorm"),
    ("霜冻|frost|freeze|gelée|helada|заморозки", "frost"),
    ("雷雨大风|雷雨大風|强对流|雷暴|下击暴流|大雷雨|thunderstorm|*gewitter|orage|tormenta|гроза", "thunderstorm"),
    ("雷电|雷電|lightning", "lightning"),
    ("冰雹|hail|*hagel|grêle|granizo|град", "hail"),
    ("暴雨|豪雨|大雨|强降雨|连阴雨|heavy rain|torrential|rainfall|rain|*starkregen|*dauerregen|pluie|lluvia|ливень"
     "|дождь", "rainstorm"),
    ("火险|森林火灾|red flag|fire weather|extreme fire danger|wildfire|forest fire|grass fire"
     "|bush fire|bushfire|forest-fire|waldbrand|feux de forêt", "wildfire"),
    ("火灾|fire|incendie|brand", "fire"),
    ("沙尘|浮尘|扬沙|sandstorm|dust storm|blowing dust|dust advisory|пыльная", "sandstorm"),
    ("干旱|旱情|drought|dürre|sécheresse|sequía", "drought"),
    ("高温|热浪|干热风|heat|high-temperature|high temperature|extreme temperature|hitze|canicule|calor|жара", "heat"),
    ("大雾|浓雾|濃霧|fog|nebel|brouillard|niebla|туман", "fog"),
    ("霾|haze", "haze"),
    ("重污染|臭氧|air quality|air stagnation|dense smoke|ozone|smog|pollution", "air-quality"),
    ("地震|earthquake|seismic|séisme|erdbeben|terremoto", "earthquake"),
    ("火山|volcan|ashfall|vulkan", "volcano"),
    ("离岸流|海浪|surf|rip current|beach hazard|vagues", "surf"),
    ("small craft|hazardous seas|heavy freezing spray|freezing spray|marine", "marine"),
    ("空间天气|space weather|geomagnetic", "space-weather"),
    ("大风|强风|強風|陆上强风|低空风切变|gale|high wind|wind|*sturm|*orkan|*böen|storm|tempête|vent|viento|vento|ветер"
     "|squall", "gale"),
)  # fmt: skip
