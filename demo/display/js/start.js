// What runs when the component is loaded: element and props are Gradio's.
new DisplayPage(element.querySelector(".nd"), props.text);
