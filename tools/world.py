"""The world the embedded model learns: which drawings it is told the name of, and which it never sees.

Three kinds of object names are told apart, and one artist is kept for tests:

- `TRAINED` names are taught, drawn by every artist but `HELD_OUT_ARTIST`;
- the names beyond them (`names`) are taught too, drawn by three artists or more, but asked for in no test;
- `HELD_OUT` names are drawn in no stage of training and are no answer of any: few-shot tests use them. The pretrained tower
  may have seen photographs of such things, as ImageNet has some of them.

The lists below were chosen by eye on a contact sheet: concrete things that the artists agree on, no two of
them near-identical (of `pencil` and `crayon`, drawn in the same pose, one stayed).
"""

HELD_OUT_ARTIST = "fxemoji"


def _words(text: str) -> list[str]:
    return text.split()


def _table(text: str) -> dict[str, tuple[str, str]]:
    """Parse `icon[/fxemoji icon][=word]` entries into `{word: (icon, fxemoji icon)}`.

    FxEmojis writes names without dashes, and a few of them differently.
    """
    table = {}
    for entry in _words(text):
        icons, _, word = entry.partition("=")
        icon, _, fx_icon = icons.partition("/")
        table[word.replace("_", " ") or icon] = (icon, fx_icon or icon.replace("-", ""))
    return table


TRAINED = _table("""
    airplane=plane alien ambulance american-football=football anchor ant artist-palette=palette automobile=car
    baby-bottle=bottle baby-chick=chick balloon banana barber-pole=pole baseball bathtub=bath battery bear
    beer-mug=beer bell bicycle bikini birthday-cake=cake bomb books bouquet bowling bread briefcase
    bug=caterpillar bus cactus calendar camera candle candy cat-face/cat=cat cherries=cherry
    cherry-blossom=blossom chipmunk=squirrel church circus-tent=circus clapper-board=clapper
    classical-building=temple clipboard cloud cocktail-glass=cocktail collision=explosion cookie cow-face=cow
    crocodile crown crystal-ball=crystal custard=pudding cyclone=spiral dango deciduous-tree=tree
    delivery-truck=truck direct-hit=target dog-face/dog=dog dolphin door doughnut=donut dress droplet=drop ear
    electric-plug=plug elephant envelope eye factory fire fish footprints four-leaf-clover=clover
    french-fries=fries fried-shrimp=shrimp frog fuel-pump=pump ghost glasses graduation-cap=cap grapes=grape
    guitar hamburger=burger hammer headphone helicopter hibiscus honey-pot=honey honeybee=bee horse-face=horse
    hospital hot-beverage=coffee house/housebuilding=house soft-ice-cream=cone jack-o-lantern=pumpkin jeans
    key kimono koala lady-beetle=ladybug lemon light-bulb=bulb lipstick lollipop maple-leaf=leaf
    meat-on-bone=meat melon microphone microscope sports-medal=medal money-bag=money monkey-face=monkey
    motorcycle mouse-face/mouse=mouse mouth mushroom musical-keyboard=piano musical-note=note newspaper nose
    nut-and-bolt=screw octopus ogre open-book=book package=box palm-tree=palm panda-face=panda paperclip
    paw-prints=paw peach pear pencil penguin pig-face/pig=pig pill pineapple poodle postal-horn=horn
    poultry-leg=drumstick princess printer pushpin=pin radio rainbow red-apple=apple rice-ball=onigiri ring
    rocket rooster rose running-shirt=vest sailboat=boat satellite-antenna=antenna saxophone seat
    seedling=sprout shower skull snail snake snowflake soccer-ball=soccer spaghetti spider spider-web=web
    spiral-shell=shell star straight-ruler=ruler strawberry sun/sunrays=sun sunflower syringe tangerine
    telescope television thermometer thumbs-up=thumb ticket tiger-face/tiger=tiger toilet tomato tongue
    top-hat=hat tractor locomotive/steamlocomotive=train trident-emblem=trident trophy trumpet tulip turtle
    umbrella video-game=gamepad violin watch watermelon whale wine-glass=wine wolf-face=wolf wrench
    high-voltage/bolt=lightning eggplant/aubergine=eggplant rabbit-face/bunny=rabbit pizza/sliceofpizza=pizza
    evergreen-tree/evergreen=pine hot-pepper/chilipepper=chili ear-of-corn/earofmaize=corn
    wrapped-gift/present=gift scissors/blackscissors=scissors gem-stone/gem=diamond
    pool-8-ball/billiards=billiard castle/europeancastle=castle flashlight/electrictorch=torch
    kitchen-knife/hocho=knife teacup-without-handle=tea snowman-without-snow=snowman necktie/tie=tie
    high-heeled-shoe/heels=heel womans-boot/boot=boot mans-shoe/mensshoe=shoe t-shirt/mansshirt=shirt handbag
    floppy-disk/blackhardshellfloppy=disk locked/lock=lock hourglass-done/hourglass=hourglass
    alarm-clock/alarmclock=clock water-wave/wave=wave speaker-high-volume/rightspeaker3soundwaves=speaker
    crescent-moon/crescentmoon=moon globe-showing-americas/americasglobe=globe
    vertical-traffic-light/verticaltrafficlight=signal moai/moyai=moai pile-of-poo/poo=poo
    camel/dromedarycamel=camel warning/warningsign=warning
    magnifying-glass-tilted-left/leftmagnifyingglass=magnifier paintbrush/lowerleftpaintbrush=brush
    purse/pinkwallet=purse japanese-castle=pagoda
""")
"""`{word: (icon, FxEmojis icon)}`; the word is what the model says."""

SCENE_WORDS = tuple(
    _words("""anchor apple banana bell bicycle boat bomb book boot bulb burger bus cactus camera car castle cat cherry
    clock cloud corn crown diamond dog elephant fire fish frog ghost gift glasses guitar hammer house key leaf
    lemon lightning lock moon mushroom pear pencil penguin pineapple pizza plane rabbit ring rocket scissors
    shirt skull snail snake star strawberry sun tree trophy tulip turtle umbrella whale wine""")
)
"""The nouns of crowded scenes, where an object is a third of the picture's side: distinct in outline."""

HELD_OUT = _table("""
    accordion avocado axe badger bagel balance-scale ballet-shoes banjo basket bat beaver bell-pepper bison
    blueberries bone boomerang boxing-glove brain broccoli broom bubble-tea burrito butter butterfly
    carpentry-saw carrot chair cheese-wedge coconut compass crab croissant cucumber cupcake
    deer dodo donkey dove drum duck dumpling eagle egg feather flamingo flute fly fox garlic giraffe gloves
    goose gorilla hedgehog hippopotamus hot-dog jellyfish kangaroo kite kiwi-fruit ladder leafy-green lion
    lizard llama lobster lotus magnet mango maracas mirror moose mosquito motor-scooter onion otter owl
    pancakes parachute parrot peacock peanuts polar-bear popcorn potato potted-plant pretzel puzzle-piece
    raccoon rhinoceros robot rock roller-skate safety-pin salt sandwich sauropod scarf scorpion screwdriver
    seal shark shield skateboard skunk sled sloth socks spoon squid stethoscope swan t-rex taco teapot
    teddy-bear test-tube toothbrush unicorn volleyball waffle worm yarn yo-yo zebra
""")
"""Seen by no stage of training; a few-shot test teaches them from five pictures each."""


def held_out_icons() -> frozenset[str]:
    """Icon names that training must not touch, with their close variants (`fox`, `fox-face`)."""
    icons = {icon for icon, _ in HELD_OUT.values()}
    icons |= {f"{icon}-face" for icon in icons} | {"shrimp", "cricket", "mouse-trap", "unicorn-face", "service-dog"}
    return frozenset(icons)
